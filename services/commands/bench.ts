// `levee bench [NAME…]`: how fast Levee is, side by side with bare Fastify and with the naive way.

import { type Command, InvalidArgumentError } from 'commander'
import { CommandFailure, EXIT_CODE_HELP, OK, PROBLEM, UNREACHABLE, USAGE } from './exit-codes.ts'

/** Length of one load, s: a batch takes milliseconds and the disk has its moods for seconds. */
const SECONDS = 8
const ROUNDS = 3
/** Shown beside the judged 512. */
const BESIDE = [32, 128]
/** `--quick`: whether it works at all, not how fast it is. */
const QUICK = { seconds: 2, rounds: 1, beside: [] }

interface Options {
  json?: string
  long?: true
  seconds: number
  quick?: true
  profile?: true
}

export function register(program: Command): void {
  program
    .command('bench')
    .description(
      'Measures Levee side by side with bare Fastify and with the naive way, on SQLite, MariaDB, Redis and Kafka.',
    )
    .argument('[names...]', 'which measures; none: all but the long ones')
    .option('--json <file>', 'also write {"rows":[{name, value, unit, goal, floor, better}]}')
    .option('--long', 'the long ones too: a million orders, real faults, a soak of half an hour and so on')
    .option('--seconds <n>', 'length of one load, s', seconds, SECONDS)
    .option('--quick', 'one round of short loads: whether it works, not how fast it is')
    .option('--profile', 'one round, and where the time of the shops under load goes')
    .addHelpText(
      'after',
      `\nExamples:\n  $ levee bench hot-order\n  $ levee bench --json bench.json\n  $ levee bench hot-order --profile\n${EXIT_CODE_HELP}`,
    )
    .action(bench)
}

function seconds(text: string): number {
  if (!/^[1-9]\d{0,2}$/.test(text)) throw new InvalidArgumentError('it is a whole number from 1 to 999.')
  return Number(text)
}

async function bench(names: string[], options: Options): Promise<void> {
  const { measures } = await import('../../bench/measures.ts')
  const unknown = names.filter(name => !measures.some(measure => measure.name === name))
  if (unknown.length > 0) {
    const known = measures.map(({ name, summary }) => `  ${name.padEnd(16)}${summary}`).join('\n')
    throw new CommandFailure(USAGE, `there is no measure ${unknown.join(', ')}. There are:\n${known}`)
  }
  const chosen = measures.filter(({ name, long }) =>
    names.length > 0 ? names.includes(name) : !long || options.long === true,
  )
  try {
    process.exitCode = (await perform(chosen, options)) ? OK : PROBLEM
  } catch (error) {
    if ((error as Error).name === 'EngineMissing')
      throw new CommandFailure(UNREACHABLE, (error as Error).message, { cause: error })
    throw error
  }
}

async function perform(
  chosen: readonly import('../../bench/support/measure.ts').Measure[],
  options: Options,
) {
  const { runBench } = await import('../../bench/run-bench.ts')
  const { seconds } = options
  const sizes = options.profile
    ? { seconds, rounds: 1, beside: [] }
    : options.quick
      ? QUICK
      : { seconds, rounds: ROUNDS, beside: BESIDE }
  return runBench({
    measures: chosen,
    ...sizes,
    profile: options.profile === true,
    ...(options.json === undefined ? {} : { json: options.json }),
  })
}
