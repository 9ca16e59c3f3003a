// `levee keys rotate`: a fresh key by which services know each other. Nothing has to be restarted.

import type { Command } from 'commander'
import { type ConfigOptions, configOf, withConfigOptions } from './config-options.ts'
import { CommandFailure, EXIT_CODE_HELP, USAGE } from './exit-codes.ts'

export function register(program: Command): void {
  const keys = program.command('keys').description('Keys by which the services of a shop know each other.')
  keys.addHelpText('after', `\nExample:\n  $ levee keys rotate\n${EXIT_CODE_HELP}`)
  withConfigOptions(keys.command('rotate'))
    .description(
      'Makes a fresh key in data.folder: it signs from now on. The one before it is accepted until the next rotation.',
    )
    .addHelpText('after', '\nExample:\n  $ levee keys rotate')
    .action(rotate)
}

async function rotate(options: ConfigOptions): Promise<void> {
  const config = await configOf(options)
  if (config['internal.keys'].length > 0)
    throw new CommandFailure(USAGE, 'the keys are in the setting internal.keys: change them there')
  const { rotateKeys } = await import('../internal-keys.ts')
  console.log(`${rotateKeys(config['data.folder'])} signs from now on`)
}
