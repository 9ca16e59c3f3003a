// `--config`, `--set` and `--engines`, the same for every command that reads the configuration.

import { type Command, InvalidArgumentError } from 'commander'
import type { Config } from '../../platform/config/settings.ts'

export interface ConfigOptions {
  config?: string
  set?: Record<string, string>
  engines?: true
}

export function withConfigOptions(command: Command): Command {
  return command
    .option('--config <file>', 'JSON file with settings (docs/configuration.md)')
    .option('--set <key=value>', 'one setting, may be repeated: --set http.port=9000', collect)
    .option('--engines', 'use the engines of `levee engines up`, where no setting names another one')
}

function collect(text: string, before: Record<string, string> = {}): Record<string, string> {
  const [key, value] = [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]
  if (!text.includes('=') || key === '') throw new InvalidArgumentError('it is written key=value.')
  return { ...before, [key]: value }
}

/**
 * The configuration of this command line. `overrides` are the command's own options and win over `--set`.
 * @throws ConfigError, which ends the command with exit code 2; CommandFailure when engines do not run
 */
export async function configOf(
  options: ConfigOptions,
  overrides: Record<string, unknown> = {},
): Promise<Config> {
  const { loadConfig } = await import('../../platform/config/load-config.ts')
  const given = Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined))
  const load = (more: object): Config =>
    loadConfig({ file: options.config, overrides: { ...options.set, ...given, ...more } })
  const config = load({})
  if (!options.engines) return config
  const { standingSettings } = await import('./standing-engines.ts')
  return load(await standingSettings(setting => config[setting].length > 0))
}
