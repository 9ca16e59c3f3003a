// How long until the next rung answers after a real fault, how long until the top rung is back, and what is lost meanwhile.

import { setTimeout as pause } from 'node:timers/promises'
import type { Ladder } from '../../resilience/ladders.ts'
import { type Arena, inArena } from '../support/arena.ts'
import { type BenchRow, type Measure, median } from '../support/measure.ts'
import { buy, type Counter, oneOrder, TroubledShop } from '../support/troubled-shop.ts'

/** Faults of each kind: medians are of so many; with --quick of two. */
const FAULTS = 20
const FAULTS_QUICK = 2
/** Members at each process: one claims for each look at the coupon ladder. */
const MEMBERS = 2_000
/** Pause of each customer between two requests, ms. */
const PAUSE_MS = 20
/** What a request may take before nobody waits for it any more, ms; it counts as lost then. */
const LOST_AFTER_MS = 15_000
/** Longest wait for customers to be served, ms: a fault takes seconds. */
const PATIENCE_MS = 60_000
/** Pause between two faults of one engine, ms: sooner is a relapse, which is stayed away from longer. */
const APART_MS = 11_000

interface Trouble {
  readonly ladder: Ladder
  readonly top: string
  readonly below: string
  /** What a customer does of which the ladder decides how; the code of the answer. */
  ask(counter: Counter, turn: number): Promise<string>
  kill(): Promise<void>
  restart(): Promise<void>
  stop(): void
  goOn(): void
}

interface Answer {
  readonly at: number
  readonly code: string
}

const KINDS = ['kill -9', 'hang'] as const
const GOALS = { 'kill -9': { goal: 0.3, floor: 1 }, hang: { goal: 1, floor: 3 } } as const

export const reaction: Measure = {
  name: 'reaction',
  summary: 'from a real fault to the next rung, and back, in the last of 3 processes; what is lost',
  long: true,
  steps: run => KINDS.length * 3 * faultsOf(run.rounds),
  run: run => inArena(run, arena => measure(arena, faultsOf(run.rounds), () => run.step())),
}

const faultsOf = (rounds: number): number => (rounds > 1 ? FAULTS : FAULTS_QUICK)

async function measure(arena: Arena, faults: number, step: () => void) {
  const shop = await TroubledShop.open(MEMBERS)
  arena.atEnd(() => shop.drop())
  const troubles = await troublesOf(shop)
  const down = new Map<string, number[]>()
  const back = new Map<string, number[]>()
  let lost = 0
  let reads = { asked: 0, answered: 0 }
  const lastBack = new Map<Ladder, number>()
  for (let round = 0; round < faults; round++)
    for (const kind of KINDS)
      for (const trouble of troubles) {
        await pause(Math.max(0, (lastBack.get(trouble.ladder) ?? 0) + APART_MS - Date.now()))
        const seen = await once(shop, trouble, kind)
        lastBack.set(trouble.ladder, Date.now())
        note(down, `${trouble.ladder}, ${kind}`, seen.down)
        note(back, trouble.ladder, seen.back)
        lost += seen.lost
        if (trouble.ladder === 'database') {
          const ok = seen.answers.filter(({ code }) => code === 'ok').length
          reads = { asked: reads.asked + seen.answers.length, answered: reads.answered + ok }
        }
        step()
      }
  const rows: BenchRow[] = []
  for (const { ladder } of troubles)
    for (const kind of KINDS)
      rows.push({
        ...{ name: `${ladder}: ${kind} → next rung in the last of 3 processes, p50 of ${faults}`, unit: 's' },
        ...{ value: median(down.get(`${ladder}, ${kind}`)!), ...GOALS[kind], better: 'lower' },
      })
  for (const { ladder } of troubles)
    rows.push({
      ...{ name: `${ladder}: engine back → top rung, p50`, unit: 's' },
      ...{ value: median(back.get(ladder)!), goal: 5, floor: 15, better: 'lower' },
    })
  rows.push({ name: 'requests lost', unit: '', value: lost, goal: 0, floor: 0, better: 'lower' })
  rows.push({
    ...{ name: 'reads answered with the primary down', unit: '%', better: 'higher' },
    ...{ value: (100 * reads.answered) / Math.max(1, reads.asked), goal: 99.9, floor: 99 },
  })
  const notes = [...down, ...back].map(
    ([name, all]) =>
      `${name}: ${[...all]
        .sort((a, b) => a - b)
        .map(each => each.toFixed(2))
        .join(' ')} s`,
  )
  return { rows, notes, problems: await shop.verify() }
}

async function troublesOf(shop: TroubledShop): Promise<readonly Trouble[]> {
  const { redis, kafka, pair, productId, couponId } = shop
  const orders = await Promise.all(shop.counters.map(({ members }) => oneOrder(members[0]!, productId)))
  return [
    {
      ...{ ladder: 'payment.lock', top: 'redis', below: 'sql' },
      ask: ({ members }, turn) => buy(members[turn % members.length]!, productId),
      ...{ kill: () => redis.kill(), restart: () => redis.restart() },
      ...{ stop: () => redis.stop(), goOn: () => redis.goOn() },
    },
    {
      ...{ ladder: 'coupon.claim', top: 'kafka', below: 'redis' },
      async ask({ members }, turn) {
        const claimed = await members[turn % members.length]!.coupon.claimCoupon({ couponId })
        return claimed.ok || claimed.refusal.code === 'coupon_already_claimed' ? 'ok' : claimed.refusal.code
      },
      ...{ kill: () => kafka.kill(), restart: () => kafka.restart() },
      ...{ stop: () => kafka.stop(), goOn: () => kafka.goOn() },
    },
    {
      ...{ ladder: 'database', top: 'primary', below: 'read-only' },
      async ask(counter) {
        const orderId = orders[shop.counters.indexOf(counter)]!
        const read = await counter.members[0]!.order.getOrder({ orderId })
        return read.ok ? 'ok' : read.refusal.code
      },
      ...{ kill: () => pair.kill(), restart: () => pair.restart() },
      ...{ stop: () => pair.stop(), goOn: () => pair.goOn() },
    },
  ]
}

async function once(shop: TroubledShop, trouble: Trouble, kind: (typeof KINDS)[number]) {
  const { ladder, below, top } = trouble
  let going = true
  let lost = 0
  let turn = 0
  const answers = shop.counters.map((): Answer[] => [])
  const customers = shop.counters.map(async (counter, i) => {
    while (going) {
      const late = pause(LOST_AFTER_MS, 'lost', { ref: false })
      const code = await Promise.race([trouble.ask(counter, turn++), late]).catch(() => 'lost')
      if (code === 'lost') lost++
      answers[i]!.push({ at: Date.now(), code })
      await pause(PAUSE_MS)
    }
  })
  // They are served before anything happens.
  await until(() => answers.every(each => each.some(({ code }) => code === 'ok')))
  const began = Date.now()
  if (kind === 'hang') trouble.stop()
  else await trouble.kill()
  await shop.moved(ladder, below, began)
  const served = shop.counters.map(async (counter, i) => {
    const { at: moved } = shop.moves(counter, ladder, began).find(({ to }) => to === below)!
    const first = () => answers[i]!.find(({ at, code }) => at >= moved && code === 'ok')
    await until(() => first() !== undefined)
    return first()!.at
  })
  const down = (Math.max(...(await Promise.all(served))) - began) / 1_000
  if (kind === 'hang') trouble.goOn()
  else await trouble.restart()
  const mended = Date.now()
  const up = (await shop.moved(ladder, top, mended)) - mended
  going = false
  await Promise.all(customers)
  return {
    down,
    back: Math.max(0, up / 1_000),
    lost,
    answers: answers.flat().filter(({ at }) => at >= began),
  }
}

async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + PATIENCE_MS
  while (!condition()) {
    if (Date.now() > end) throw new Error('nobody was served for a minute')
    await pause(PAUSE_MS)
  }
}

function note(all: Map<string, number[]>, name: string, value: number): void {
  const values = all.get(name)
  if (values === undefined) all.set(name, [value])
  else values.push(value)
}
