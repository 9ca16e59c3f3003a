// What ladders cost while all is well: CPU time of a shop's process (user and system, all threads, by the kernel) for each answered
// request, with ladders as ever ÷ with ladders that stand still on their top rungs.
//
// With ladders: every call to an engine is a sample, probes write, one call in a hundred goes by the next rung or is compared with
// the ledger (five a second of each ladder at most), pins are read every second. Standing still: none of that
// (support/still-ladders.ts); all else is the same program, composed by the same functions, on a ledger, a topic and a prefix of its own
// on the same servers. What probes and comparisons cost the engines is not counted.
//
// Both get the mix of support/mix.ts at the same time and the same pace, whatever they answer (an open loop): a request is cheaper where
// more come at once, and a machine's moods meet both. The pace is 0.3 of what the slower one does alone with 32 connections, so that
// both together leave room. What was accepted or published in a block is done before its CPU time is read. The same program is
// compiled differently from start to start: both are started anew several times. The median of all blocks' ratios counts.

import path from 'node:path'
import type { Arena } from '../support/arena.ts'
import { inArena } from '../support/arena.ts'
import type { BenchShop } from '../support/bench-shop.ts'
import { couponMaker } from '../support/coupons.ts'
import { couponsFor, granted, productsOf, QUOTA } from '../support/fleet.ts'
import { isDown, movesOf } from '../support/ladder-moves.ts'
import { type Measure, median, quantile, type Run } from '../support/measure.ts'
import { signedInMembers } from '../support/members.ts'
import { type MixLoad, type MixResult, type MixWorld, strangeIn } from '../support/mix.ts'
import { MixClient } from '../support/mix-client.ts'
import { cpuTime, startScript, type Yardstick } from '../support/processes.ts'
import { RETAIL_FILE } from '../support/retail-file.ts'

const PROGRAM = path.resolve(import.meta.dirname, '../support/laddered-shop.ts')
const CONNECTIONS = 32
const MEMBERS = 5_000
/** How often both are started, and blocks of each start; with --quick one and so many. */
const STARTS = 3
const BLOCKS = 6
const BLOCKS_QUICK = 2
/** After each start, each alone, before anything counts, s: code is compiled. With --quick twice as long as a block. */
const WARM_UP_S = 12
/** Part of what the slower one does alone. */
const PART = 0.3
/** Requests a second that no process of today reaches. */
const MOST = 15_000

const startsOf = ({ rounds }: Run): number => (rounds > 1 ? STARTS : 1)
const blocksOf = ({ rounds }: Run): number => (rounds > 1 ? BLOCKS : BLOCKS_QUICK)

export const ladderCost: Measure = {
  name: 'ladder-cost',
  summary: 'CPU of a request with ladders, probes and comparisons ÷ without, all engines well',
  long: true,
  steps: run => startsOf(run) * (blocksOf(run) + 1),
  run: run => inArena(run, arena => measure(arena, run)),
}

async function measure(arena: Arena, run: Run) {
  const moving = await Side.open(arena, 'moving')
  const still = await Side.open(arena, 'still')
  const sides = [moving, still]
  const paces: number[] = []
  const ratios: number[][] = []
  for (let start = 0; start < startsOf(run); start++) {
    for (const side of sides) await side.start()
    const rates = []
    for (const side of sides) {
      await side.serve({ seconds: run.rounds > 1 ? WARM_UP_S : 2 * run.seconds })
      const { requests, seconds } = await side.serve({ seconds: run.seconds })
      rates.push(requests / seconds)
    }
    run.step()
    const perSecond = Math.ceil(PART * Math.min(...rates))
    paces.push(perSecond)
    const ofStart: number[] = []
    for (let block = 0; block < blocksOf(run); block++) {
      const load = { seconds: run.seconds, perSecond }
      const [above, below] = await Promise.all([moving.block(load), still.block(load)])
      ofStart.push(above / below)
      run.step()
    }
    ratios.push(ofStart)
    for (const side of sides) await side.stop()
  }
  const problems = []
  for (const side of sides) problems.push(...side.problems, ...(await side.verify()))
  const all = ratios.flat()
  const figure = (value: number): string => value.toFixed(3)
  return {
    rows: [
      {
        name: 'CPU of a request with ladders and comparisons ÷ with ladders that stand still',
        ...{ value: median(all), unit: '×', goal: 1.03, floor: 1.08, better: 'lower' as const },
      },
    ],
    notes: [
      `requests/s at each: ${paces.join(' ')}`,
      ...sides.map(
        ({ name, used }) => `${name}: µs a request ${used.map(each => each.toFixed(0)).join(' ')}`,
      ),
      `quartiles of ${all.length} blocks: ${figure(quantile(all, 0.25))} and ${figure(quantile(all, 0.75))}`,
      ...ratios.map((some, start) => `start ${start + 1}: ${some.map(figure).join(' ')}`),
    ],
    problems,
  }
}

/** One of the two, with what it needs. */
class Side {
  readonly name: string
  /** CPU time of each block, µs a request. */
  readonly used: number[] = []
  readonly problems: string[] = []
  readonly log: string[] = []
  private readonly shop: BenchShop
  private readonly members: readonly string[]
  private readonly products: MixWorld['products']
  private readonly authorization: string
  private running: { readonly process: Yardstick; readonly client: MixClient } | null = null

  private constructor(
    name: string,
    shop: BenchShop,
    people: { readonly members: readonly string[]; readonly authorization: string },
    products: MixWorld['products'],
  ) {
    this.name = name
    this.shop = shop
    this.members = people.members
    this.authorization = people.authorization
    this.products = products
  }

  /** Filled by `levee start`, then ended. */
  static async open(arena: Arena, name: 'moving' | 'still'): Promise<Side> {
    const shop = await arena.shop('mariadb', { catalogue: RETAIL_FILE, with: ['redis', 'kafka'] })
    const products = await productsOf(shop)
    const members = await signedInMembers(shop.ledger, MEMBERS)
    const authorization = await shop.administrator()
    await shop.outboxEmpty()
    await shop.running.stop()
    const side = new Side(name, shop, { members, authorization }, products)
    arena.atEnd(() => side.stop())
    return side
  }

  /** As the program that is measured. */
  async start(): Promise<void> {
    const env = { ...this.shop.place.env, BENCH_LADDERS: this.name }
    const process = await startScript(PROGRAM, env, this.log)
    const targets = [{ url: process.url, members: this.members }]
    this.running = { process, client: new MixClient({ targets, products: this.products }) }
  }

  async stop(): Promise<void> {
    const { running } = this
    this.running = null
    await running?.client.close()
    await running?.process.stop()
  }

  /** Returns, and keeps, the CPU time of its process, µs a request. */
  async block(load: Pick<MixLoad, 'seconds' | 'perSecond'>): Promise<number> {
    const { pid } = this.running!.process
    const before = cpuTime(pid)
    const began = Date.now()
    const { requests } = await this.serve(load)
    const down = movesOf(this, began).filter(isDown)
    // Whoever is not on the top rung does something else, and costs something else.
    if (down.length > 0)
      this.problems.push(
        `${this.name}: ladders stepped down in a block: ${[...new Set(down.map(({ cause }) => cause))].join(', ')}`,
      )
    const used = (cpuTime(pid) - before) / requests
    this.used.push(used)
    return used
  }

  /** A load, until all that it promised is done. */
  async serve(load: Pick<MixLoad, 'seconds' | 'perSecond'>): Promise<MixResult> {
    const { shop, problems, name, authorization } = this
    const { client, process } = this.running!
    const offer = await couponMaker({ url: process.url, administrator: async () => authorization })
    const count = couponsFor((load.perSecond ?? MOST) * load.seconds, MEMBERS)
    const coupons = await Promise.all(Array.from({ length: count }, () => offer(QUOTA)))
    const result = await client.carryOut({ ...load, coupons, connections: CONNECTIONS })
    const late = await granted(shop, coupons, result.granted + result.accepted)
    if (!Number.isFinite(late))
      problems.push(`${name}: accepted claims were not granted in a minute, or more were`)
    if (!Number.isFinite(await shop.outboxEmpty())) problems.push(`${name}: events did not arrive`)
    const strange = strangeIn(result)
    if (strange !== null) problems.push(`${name}: ${strange}`)
    return result
  }

  verify(): Promise<string[]> {
    return this.shop.verify()
  }
}
