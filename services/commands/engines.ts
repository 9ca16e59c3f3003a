// `levee engines up|down|status`: a local MariaDB, Redis and Kafka for trying Levee with everything on.

import { type Command, InvalidArgumentError } from 'commander'
import type { Engine, EngineName } from '../../platform/engines/engine.ts'
import { ENGINE_NAMES, loadEngine, STANDING_FOLDER } from '../../platform/engines/engines.ts'
import type { EngineStatus } from '../../platform/engines/standing.ts'
import { CommandFailure, EXIT_CODE_HELP, OK, UNREACHABLE } from './exit-codes.ts'

/** A wait longer than this is told, ms; and again after as long again. */
const TELL_EVERY_MS = 2_000

interface Options {
  folder: string
  only: readonly EngineName[]
  json?: true
}

export function register(program: Command): void {
  const engines = program
    .command('engines')
    .description(
      'Local engines for trying things out: MariaDB, Redis and Kafka, as processes of yours, without a system service.',
    )
    .addHelpText('after', `\nExample:\n  $ levee engines up\n  $ levee start --engines\n${EXIT_CODE_HELP}`)

  subCommand(
    engines,
    'up',
    'Starts them (installs them first where it can) and prints the lines that name them.',
  )
    .addHelpText(
      'after',
      '\nExample:\n  $ export $(levee engines up)\n  $ levee engines up --only mariadb,redis',
    )
    .action(up)
  subCommand(engines, 'down', 'Stops them. Their data stays for the next time.')
    .addHelpText('after', '\nExample:\n  $ levee engines down')
    .action(down)
  subCommand(engines, 'status', `Says whether they run and answer; exit code ${UNREACHABLE} if one does not.`)
    .addHelpText('after', '\nExample:\n  $ levee engines status --json')
    .action(status)
}

function subCommand(engines: Command, name: string, description: string): Command {
  return engines
    .command(name)
    .description(description)
    .option('--only <names>', `some of them: ${ENGINE_NAMES.join(',')}`, namesOf, ENGINE_NAMES)
    .option('--folder <folder>', 'where the data and the state files are', STANDING_FOLDER)
    .option('--json', 'print one JSON object')
}

function namesOf(text: string): readonly EngineName[] {
  const names = text.split(',').map(name => name.trim())
  const unknown = names.find(name => !ENGINE_NAMES.includes(name as EngineName))
  if (unknown !== undefined)
    throw new InvalidArgumentError(`"${unknown}" is none of ${ENGINE_NAMES.join(', ')}.`)
  return ENGINE_NAMES.filter(name => names.includes(name))
}

async function up({ folder, only, json }: Options): Promise<void> {
  const { engineUp } = await import('../../platform/engines/standing.ts')
  const engines = await load(only)
  const started = await Promise.allSettled(
    engines.map(engine => telling(`Starting ${engine.title}`, engineUp(engine, folder, say))),
  )
  const states = started.flatMap(each => (each.status === 'fulfilled' ? [each.value] : []))
  // Lines that a shell can take: `export $(levee engines up)`.
  const lines = engines.flatMap(({ name, variable }) => {
    const url = states.find(({ engine }) => engine === name)?.url
    return url == null ? [] : [`${variable}=${url}`]
  })
  print(json, { engines: states }, lines)
  const problems = started.flatMap(each => (each.status === 'rejected' ? [each.reason as Error] : []))
  if (problems.length > 0)
    throw new CommandFailure(UNREACHABLE, problems.map(({ message }) => message).join('\n'), {
      cause: problems[0],
    })
  process.exitCode = exitCodeOf(states)
}

async function down({ folder, only, json }: Options): Promise<void> {
  const { engineDown } = await import('../../platform/engines/standing.ts')
  const engines = await load(only)
  const stopped = await Promise.all(
    engines.map(async engine => ({
      engine: engine.name,
      stopped: await telling(`Stopping ${engine.title}`, engineDown(engine, folder)),
    })),
  )
  const lines = engines.map(({ title }, index) =>
    stopped[index]!.stopped ? `${title} is stopped.` : `${title} was not running.`,
  )
  print(json, { engines: stopped }, lines)
}

async function status({ folder, only, json }: Options): Promise<void> {
  const { engineStatus } = await import('../../platform/engines/standing.ts')
  const engines = await load(only)
  const states = await Promise.all(engines.map(engine => engineStatus(engine, folder)))
  const lines = engines.map(({ title }, index) => {
    const { running, reachable, pid, port } = states[index]!
    return running
      ? `${title} runs (process ${pid}, port ${port}) and ${reachable ? 'answers' : 'does NOT answer'}.`
      : `${title} does not run. Start it with \`levee engines up\`.`
  })
  print(json, { engines: states }, lines)
  process.exitCode = exitCodeOf(states)
}

/** Loaded when a command runs, so that `--help` and the other commands do not wait for database drivers. */
const load = (names: readonly EngineName[]): Promise<readonly Engine[]> => Promise.all(names.map(loadEngine))

const exitCodeOf = (states: readonly EngineStatus[]): number =>
  states.every(({ reachable }) => reachable) ? OK : UNREACHABLE

const say = (line: string): void => console.error(line)

/** Says from time to time that it is still under way. */
function telling<T>(what: string, work: Promise<T>): Promise<T> {
  const began = performance.now()
  const timer = setInterval(() => {
    say(`${what} … ${Math.round((performance.now() - began) / 1000)} s`)
  }, TELL_EVERY_MS)
  return work.finally(() => clearInterval(timer))
}

function print(json: true | undefined, value: object, lines: readonly string[]): void {
  console.log(json ? JSON.stringify(value) : lines.join('\n'))
}
