// `levee engines up|down|status`: a local MariaDB for trying Levee on more than SQLite.

import type { Command } from 'commander'
import type { EngineStatus } from '../../platform/engines/standing-mariadb.ts'
import { CommandFailure, EXIT_CODE_HELP, OK, UNREACHABLE } from './exit-codes.ts'

const FOLDER = '.levee/engines'

interface Options {
  folder: string
  json?: true
}

export function register(program: Command): void {
  const engines = program
    .command('engines')
    .description(
      'Local engines for trying things out: MariaDB, as a process of yours, without a system service.',
    )
    .addHelpText(
      'after',
      `\nExample:\n  $ levee engines up\n  $ LEVEE_MYSQL_URL=mysql://… levee start\n${EXIT_CODE_HELP}`,
    )

  subCommand(
    engines,
    'up',
    'Starts MariaDB (installs it first where it can) and prints the line that names it.',
  )
    .addHelpText('after', '\nExample:\n  $ export $(levee engines up)')
    .action(up)
  subCommand(engines, 'down', 'Stops it. The data stays for the next time.')
    .addHelpText('after', '\nExample:\n  $ levee engines down')
    .action(down)
  subCommand(engines, 'status', `Says whether it runs and answers; exit code ${UNREACHABLE} if not.`)
    .addHelpText('after', '\nExample:\n  $ levee engines status --json')
    .action(status)
}

function subCommand(engines: Command, name: string, description: string): Command {
  return engines
    .command(name)
    .description(description)
    .option('--folder <folder>', 'where the data and the state file are', FOLDER)
    .option('--json', 'print one JSON object')
}

/** Loaded when a command runs, so that `--help` and the other commands do not wait for a database driver. */
const loadEngines = () => import('../../platform/engines/standing-mariadb.ts')

async function up({ folder, json }: Options): Promise<void> {
  const { mariadbUp } = await loadEngines()
  let state: EngineStatus
  try {
    state = await mariadbUp(folder, line => console.error(line))
  } catch (error) {
    throw new CommandFailure(UNREACHABLE, (error as Error).message, { cause: error })
  }
  // One line that a shell can take: `export $(levee engines up)`.
  print(json, state, `LEVEE_MYSQL_URL=${state.url}`)
  process.exitCode = state.reachable ? OK : UNREACHABLE
}

async function down({ folder, json }: Options): Promise<void> {
  const { mariadbDown } = await loadEngines()
  const stopped = await mariadbDown(folder)
  print(json, { engine: 'mariadb', stopped }, stopped ? 'MariaDB is stopped.' : 'MariaDB was not running.')
}

async function status({ folder, json }: Options): Promise<void> {
  const { mariadbStatus } = await loadEngines()
  const state = await mariadbStatus(folder)
  const text = state.running
    ? `MariaDB runs (process ${state.pid}, port ${state.port}) and ${state.reachable ? 'answers' : 'does NOT answer'}.`
    : 'MariaDB does not run. Start it with `levee engines up`.'
  print(json, state, text)
  process.exitCode = state.reachable ? OK : UNREACHABLE
}

function print(json: true | undefined, value: object, text: string): void {
  console.log(json ? JSON.stringify(value) : text)
}
