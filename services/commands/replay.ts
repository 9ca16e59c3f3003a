// `levee replay FILE --url URL`: the file's invoices as what customers do, over HTTP.

import { type Command, InvalidArgumentError } from 'commander'
import type { ReplayResult } from '../replay/replay-plan.ts'
import { CommandFailure, EXIT_CODE_HELP, OK, PROBLEM, UNREACHABLE, USAGE } from './exit-codes.ts'
import { badRetailFile } from './failures.ts'
import { withUrlOption } from './url-option.ts'

interface Options {
  url: string
  key?: string
  speed: number | null
  clients: number
  patience: number
  json?: true
}

export function register(program: Command): void {
  withUrlOption(program.command('replay'))
    .description(
      'Replays a retail file against a running shop: each invoice is ordered and paid, each cancellation refunded.',
    )
    .argument('<file>', 'retail file (.csv.gz or .csv)')
    .option('--key <key>', 'key of a sales channel (levee channel create); or LEVEE_CHANNEL_KEY')
    .option('--speed <speed>', '"max", or 3600x: business time passes so many times faster', speedOf, null)
    .option('--clients <n>', 'customers at once', wholeOf, 16)
    .option('--patience <seconds>', 'how long to wait for a shop that is away', wholeOf, 60)
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `\nExample:\n  $ levee replay data/online-retail-2010-12.csv.gz --key "$KEY"\n\nInterrupted and started again it goes on: nothing is done twice.\n${EXIT_CODE_HELP}`,
    )
    .action(replay)
}

function speedOf(text: string): number | null {
  if (text === 'max') return null
  const times = /^(\d+(?:\.\d+)?)x$/.exec(text)?.[1]
  if (times === undefined || Number(times) <= 0) throw new InvalidArgumentError('it is "max" or like 60x.')
  return Number(times)
}

function wholeOf(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1 || value > 10_000)
    throw new InvalidArgumentError('a whole number from 1 to 10000.')
  return value
}

async function replay(file: string, options: Options): Promise<void> {
  const key = options.key ?? process.env.LEVEE_CHANNEL_KEY
  if (key === undefined || key === '')
    throw new CommandFailure(USAGE, 'a channel key is needed: --key or LEVEE_CHANNEL_KEY')
  const { createProgress } = await import('../../platform/progress/progress.ts')
  const { planReplay } = await import('../retail/plan.ts')
  const { readAllLines } = await import('../retail/read-lines.ts')
  const { createPersist } = await import('../replay/persist.ts')
  const { replayPlan } = await import('../replay/replay-plan.ts')
  const { Shopper } = await import('../replay/shopper.ts')
  const plan = planReplay(await readAllLines(file).catch(badRetailFile))
  const { url, clients, speed } = options
  const persist = createPersist({ patience: options.patience * 1_000 })
  const shopper = new Shopper({ url, channelKey: key, clients, persist })
  const silent = options.json === true
  const progress = createProgress({ label: 'Replaying', total: plan.steps.length, unit: 'steps', silent })
  const startedAt = Date.now()
  let result: ReplayResult
  try {
    result = await replayPlan(plan.steps, {
      ...{ clients, speed },
      run: step => shopper.run(step),
      onProgress: done => progress.update(done),
    })
  } catch (error) {
    if (!(error instanceof Error) || !AWAY.has(error.name)) throw error
    throw new CommandFailure(
      UNREACHABLE,
      `the shop did not answer: ${error.message} Start again to go on: nothing is done twice.`,
      { cause: error },
    )
  } finally {
    shopper.close()
  }
  progress.finish()
  report(result, (Date.now() - startedAt) / 1000, silent)
  process.exitCode = Object.keys(result.refused).length === 0 ? OK : PROBLEM
}

/** No answer for as long as was to be waited, or the answer of something that is no shop. */
const AWAY: ReadonlySet<string> = new Set(['ShopAway', 'HttpError'])

function report(result: ReplayResult, seconds: number, json: boolean): void {
  const netUnits = result.units - result.refundedUnits
  const net = result.gross - result.refundedMoney
  if (json) {
    console.log(JSON.stringify({ ...result, netUnits, net, seconds }))
    return
  }
  const pounds = (minor: number): string =>
    (minor / 100).toLocaleString('en-GB', { minimumFractionDigits: 2 })
  const { refunds, refundedUnits, refundedMoney } = result
  console.log(`orders    ${result.orders} placed, ${result.paid} paid`)
  console.log(`gross     ${result.units} units for ${pounds(result.gross)}`)
  console.log(`refunds   ${refunds}: ${refundedUnits} units, ${pounds(refundedMoney)} given back`)
  console.log(`net       ${netUnits} units for ${pounds(net)}`)
  console.log(`rate      ${(result.steps / seconds).toFixed(0)} steps/s, ${seconds.toFixed(1)} s`)
  for (const [code, { count, example }] of Object.entries(result.refused))
    console.log(`REFUSED   ${count} × ${code}, such as ${example}`)
}
