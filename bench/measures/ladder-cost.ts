// What ladders cost while all is well: CPU time of a shop's process (user and system, all threads, by the kernel) for each answered
// request, with ladders as ever ÷ with ladders that stand still on their top rungs.
//
// With ladders: every call to an engine is a sample, probes write, one call in a hundred goes by the next rung or is compared with
// the ledger (five a second of each ladder at most), pins are read every second. Standing still: none of that
// (support/still-ladders.ts); all else is the same program, composed by the same functions, on a ledger, a topic and a prefix of its own
// on the same servers. The CPU of the engines is told beside: probes and comparisons are work for them too.
//
// The mix of support/mix.ts, 32 connections (a closed loop), in blocks on the one and the other, whose order is turned round every time.
// What was accepted or published by a block is done before its CPU time is read. Shares that are bounded by the second weigh more
// where there are fewer requests a second; how many there were is in the notes.

import path from 'node:path'
import type { Arena } from '../support/arena.ts'
import { inArena } from '../support/arena.ts'
import type { BenchShop } from '../support/bench-shop.ts'
import { couponMaker } from '../support/coupons.ts'
import { couponsFor, granted, productsOf, QUOTA } from '../support/fleet.ts'
import { type Measure, median, quantile, type Run } from '../support/measure.ts'
import { signedInMembers } from '../support/members.ts'
import { strangeIn } from '../support/mix.ts'
import { MixClient } from '../support/mix-client.ts'
import { cpuTime, startScript, type Yardstick } from '../support/processes.ts'
import { RETAIL_FILE } from '../support/retail-file.ts'

const PROGRAM = path.resolve(import.meta.dirname, '../support/laddered-shop.ts')
const CONNECTIONS = 32
const MEMBERS = 5_000
/** Pairs of blocks; with --quick so many. */
const PAIRS = 12
const PAIRS_QUICK = 2
/** Before anything counts, s: code is compiled. With --quick as long as a block. */
const WARM_UP_S = 12
/** Requests a second that no process of today reaches. */
const MOST = 15_000

const pairsOf = ({ rounds }: Run): number => (rounds > 1 ? PAIRS : PAIRS_QUICK)

/** µs a request. */
interface Block {
  readonly shop: number
  readonly engines: number
  readonly perSecond: number
}

export const ladderCost: Measure = {
  name: 'ladder-cost',
  summary: 'CPU of a request with ladders, probes and comparisons ÷ without, all engines well',
  long: true,
  steps: run => 2 * pairsOf(run),
  run: run => inArena(run, arena => measure(arena, run)),
}

async function measure(arena: Arena, run: Run) {
  const moving = await Side.open(arena, 'moving')
  const still = await Side.open(arena, 'still')
  const sides = [moving, still]
  for (const side of sides) await side.block(run.rounds > 1 ? WARM_UP_S : run.seconds)
  for (let pair = 0; pair < pairsOf(run); pair++)
    for (const side of pair % 2 === 0 ? sides : sides.toReversed()) {
      side.blocks.push(await side.block(run.seconds))
      run.step()
    }
  const cpu = (side: Side) => side.blocks.map(block => block.shop)
  const pairs = cpu(moving).map((used, pair) => used / cpu(still)[pair]!)
  const problems = []
  for (const side of sides) problems.push(...side.problems, ...(await side.verify()))
  return {
    rows: [
      {
        name: 'CPU of a request with ladders and comparisons ÷ with ladders that stand still',
        ...{ value: median(cpu(moving)) / median(cpu(still)), unit: '×' },
        ...{ goal: 1.03, floor: 1.08, better: 'lower' as const },
      },
    ],
    notes: [
      ...sides.map(side => side.told()),
      `pair by pair: median ${median(pairs).toFixed(3)}, quartiles ${quantile(pairs, 0.25).toFixed(3)} and ` +
        `${quantile(pairs, 0.75).toFixed(3)}, all ${pairs.map(each => each.toFixed(3)).join(' ')}`,
    ],
    problems,
  }
}

/** One of the two, with what it needs. */
class Side {
  readonly blocks: Block[] = []
  readonly problems: string[] = []
  private readonly name: string
  private readonly shop: BenchShop
  private readonly process: Yardstick
  private readonly client: MixClient
  private readonly offer: (quota: number) => Promise<string>

  private constructor(
    name: string,
    shop: BenchShop,
    process: Yardstick,
    client: MixClient,
    offer: (quota: number) => Promise<string>,
  ) {
    this.name = name
    this.shop = shop
    this.process = process
    this.client = client
    this.offer = offer
  }

  /** Filled by `levee start`, then started again as the program that is measured. */
  static async open(arena: Arena, name: 'moving' | 'still'): Promise<Side> {
    const shop = await arena.shop('mariadb', { catalogue: RETAIL_FILE, with: ['redis', 'kafka'] })
    const products = await productsOf(shop)
    const members = await signedInMembers(shop.ledger, MEMBERS)
    const authorization = await shop.administrator()
    await shop.outboxEmpty()
    await shop.running.stop()
    const process = await startScript(PROGRAM, { ...shop.place.env, BENCH_LADDERS: name })
    arena.atEnd(() => process.stop())
    const { url } = process
    const client = new MixClient({ targets: [{ url, members }], products })
    arena.atEnd(() => client.close())
    const offer = await couponMaker({ url, administrator: async () => authorization })
    return new Side(name, shop, process, client, offer)
  }

  async block(seconds: number): Promise<Block> {
    const { shop, process, problems, name } = this
    const count = couponsFor(MOST * seconds, MEMBERS)
    const coupons = await Promise.all(Array.from({ length: count }, () => this.offer(QUOTA)))
    const engines = [shop.engine!, ...shop.beside].map(({ pid }) => pid)
    const used = () => engines.reduce((sum, pid) => sum + cpuTime(pid), 0)
    const before = { shop: cpuTime(process.pid), engines: used() }
    const result = await this.client.carryOut({ coupons, seconds, connections: CONNECTIONS })
    const late = await granted(shop, coupons, result.granted + result.accepted)
    if (!Number.isFinite(late))
      problems.push(`${name}: accepted claims were not granted in a minute, or more were`)
    if (!Number.isFinite(await shop.outboxEmpty())) problems.push(`${name}: events did not arrive`)
    const strange = strangeIn(result)
    if (strange !== null) problems.push(`${name}: ${strange}`)
    return {
      shop: (cpuTime(process.pid) - before.shop) / result.requests,
      engines: (used() - before.engines) / result.requests,
      perSecond: result.requests / result.seconds,
    }
  }

  told(): string {
    const of = (figure: (block: Block) => number): string => median(this.blocks.map(figure)).toFixed(1)
    return (
      `${this.name}: CPU ${of(block => block.shop)} µs a request, engines ${of(block => block.engines)} µs, ` +
      `${of(block => block.perSecond)} requests/s; blocks ${this.blocks.map(block => block.shop.toFixed(1)).join(' ')}`
    )
  }

  verify(): Promise<string[]> {
    return this.shop.verify()
  }
}
