// `levee operator`: watches the shop and its engines, tells people, and brings back what fails; until SIGTERM.

import type { Command } from 'commander'
import type { ContactBook } from '../../operator/alerting/contacts.ts'
import type { RouteSettings } from '../../operator/alerting/routes.ts'
import type { Places } from '../operator/collectors.ts'
import { type ConfigOptions, configOf, withConfigOptions } from './config-options.ts'
import { CommandFailure, EXIT_CODE_HELP, USAGE } from './exit-codes.ts'

interface Options extends ConfigOptions {
  shop: readonly string[]
  contacts?: string
  supervisor: string
  folder: string
  endWithParent?: true
  json?: true
}

/** As `levee engines --folder`; named here, so that its help loads no engines. */
const STANDING = '.levee/engines'

const SUPERVISORS = ['none', 'local', 'systemd', 'docker', 'kubernetes'] as const

export function register(program: Command): void {
  withConfigOptions(program.command('operator'))
    .description(
      'Watches the shop and its engines, tells people, restarts what fails, and writes down all of it. A process of its own.',
    )
    .option('--shop <url...>', 'front doors of the shop', ['http://127.0.0.1:8080'])
    .option('--contacts <file>', 'whom to tell (docs/examples/contacts.example.json)')
    .option('--supervisor <name>', `who starts and ends the engines here: ${SUPERVISORS.join(', ')}`, 'none')
    .option('--folder <folder>', 'of `levee engines`, with --engines', STANDING)
    .option('--json', 'say so in one JSON line when it watches')
    .option('--end-with-parent', 'end when standard input ends')
    .addHelpText(
      'after',
      `\nExample:\n  $ levee operator --engines --supervisor local\n\nChannels are set up by LEVEE_ALERT_… in the environment (docs/operations.md).\n${EXIT_CODE_HELP}`,
    )
    .action(operate)
}

/** Longest that acts under way are waited for when it stops, ms. */
const DRAIN_MS = 5_000

async function operate(options: Options): Promise<void> {
  // Its engines may be down: that is what it is for.
  const { engines, ...others } = options
  const config = await configOf(others)
  const { untilTold } = await import('./until-told.ts')
  const { createLog } = await import('../../platform/log/log.ts')
  const { runOperator } = await import('../operator/run-operator.ts')
  const { supervisorNamed, UNITS } = await import('../operator/supervisors.ts')
  const { placesOf } = await import('../operator/places.ts')
  if (!SUPERVISORS.some(name => name === options.supervisor))
    throw new CommandFailure(USAGE, `--supervisor is one of ${SUPERVISORS.join(', ')}`)
  const supervisor = options.supervisor as (typeof SUPERVISORS)[number]
  const log = createLog({ level: config['log.level'], name: 'levee-operator', to: 'stderr' })
  const places: Places = await placesOf(config, options.shop, engines === true ? options.folder : null)
  const running = await runOperator({
    ...{ config, log, places, env: process.env },
    ...(await whomToTell(options.contacts)),
    supervisor: await supervisorNamed(supervisor, options.folder),
    units: supervisor === 'none' ? {} : UNITS[supervisor],
  })
  for (const problem of running.problems) log.warn({ problem }, 'a channel is set up by half')
  const end = untilTold(running, {
    drain: DRAIN_MS,
    ...(options.endWithParent ? { endWithParent: true } : {}),
  })
  const { channels } = running
  console.log(
    options.json
      ? JSON.stringify({ ready: { channels } })
      : `The operator watches. It can tell people by: ${channels.length === 0 ? 'nothing (see docs/operations.md)' : channels.join(', ')}`,
  )
  process.exitCode = await end
}

async function whomToTell(file: string | undefined): Promise<{ book: ContactBook; routes: RouteSettings }> {
  // Shared channels have readers without anybody being named.
  if (file === undefined)
    return {
      book: { timeZone: 'UTC', language: 'en', contacts: [], emergencyTeam: [] },
      routes: { byFamily: false },
    }
  const { readFileSync } = await import('node:fs')
  const { readContacts } = await import('../../operator/alerting/read-contacts.ts')
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new CommandFailure(USAGE, `${file} cannot be read: ${(error as Error).message}`, { cause: error })
  }
  const read = readContacts(text)
  if (!read.ok) throw new CommandFailure(USAGE, `${file}:\n${read.problems.join('\n')}`)
  return read
}
