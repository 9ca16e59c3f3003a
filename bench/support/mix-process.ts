// The client of the mix, a process of its own (bench/support/mix-client.ts starts it): its work is not the bench's, and its CPU time can be told.

import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { LeanClient } from './lean-client.ts'
import {
  COUNTED,
  MIX,
  type MixLoad,
  type MixResult,
  type MixTarget,
  type MixWorld,
  type Step,
} from './mix.ts'
import { OpenLoop } from './open-loop.ts'

/** Requests under way and waiting at each target, for each connection: beyond that they are told as lost. */
const WAITING_PER_CONNECTION = 16
/** How long answers are waited for after the load, ms: a shop gives up after ten seconds. */
const LATE_MS = 15_000
/** Latencies are counted by the millisecond up to here. */
const SLOWEST_MS = 20_000

class Visitors {
  private readonly target: MixTarget
  private readonly products: MixWorld['products']
  private readonly client: LeanClient
  private readonly coupons: readonly string[]
  private readonly tally: Tally
  /** Makes this load's keys its own. */
  private readonly run = randomUUID()
  private turn = 0
  private claims = 0
  private orders = 0
  private pages = 0
  /** Placed and not paid: order and who placed it. */
  private readonly placed: [string, string][] = []

  constructor(target: MixTarget, { products }: MixWorld, { coupons, connections }: MixLoad, tally: Tally) {
    this.target = target
    this.products = products
    this.coupons = coupons
    this.tally = tally
    this.client = new LeanClient(target.url, connections)
  }

  /** The next request of the mix, to its answer. */
  async next(): Promise<void> {
    const step = MIX[this.turn++ % MIX.length]!
    const began = performance.now()
    try {
      await this.take(step)
      this.tally.took(performance.now() - began)
    } catch {
      this.tally.lost++
    }
  }

  close(): void {
    this.client.close()
  }

  private take(step: Step): Promise<void> {
    if (step === 'page') return this.read(step, `/v1/products/${this.product(this.pages++).productId}`)
    if (step === 'ranking') return this.read(step, '/v1/bestsellers?period=today')
    if (step === 'claim') return this.claim()
    const due = step === 'pay' ? this.placed.shift() : undefined
    // Nothing is placed yet.
    return due === undefined ? this.order() : this.pay(...due)
  }

  private async read(step: 'page' | 'ranking', path: string): Promise<void> {
    const { status, body } = await this.client.send('GET', path, '')
    if (status === 200) this.tally.counts[step]++
    else this.tally.refuse(step, status, body)
  }

  private async claim(): Promise<void> {
    const { members } = this.target
    const number = this.claims++
    const coupon = this.coupons[Math.floor(number / members.length)]
    if (coupon === undefined) throw new Error('there are too few coupons')
    const headers = this.headers(members[number % members.length]!, `c-${number}`)
    const { status, body } = await this.client.send('POST', `/v1/coupons/${coupon}/claims`, headers)
    if (status === 201) this.tally.counts.granted++
    else if (status === 202) this.tally.counts.accepted++
    else this.tally.refuse('claim', status, body)
  }

  private async order(): Promise<void> {
    const number = this.orders++
    const { productId, price } = this.product(number)
    const member = this.target.members[number % this.target.members.length]!
    const text = JSON.stringify({ lines: [{ productId, quantity: 1 }], expectedTotal: price })
    const headers = this.headers(member, `o-${number}`)
    const { status, body } = await this.client.send('POST', '/v1/orders', headers, text)
    const orderId = status === 201 ? /"orderId":"([^"]+)"/.exec(body)?.[1] : undefined
    if (orderId === undefined) return this.tally.refuse('order', status, body)
    this.tally.counts.placed++
    this.placed.push([orderId, member])
  }

  private async pay(orderId: string, member: string): Promise<void> {
    const headers = this.headers(member, `p-${orderId}`)
    const { status, body } = await this.client.send(
      'POST',
      `/v1/orders/${orderId}/payments`,
      headers,
      PAYMENT,
    )
    if (status === 201) this.tally.counts.paid++
    else this.tally.refuse('pay', status, body)
  }

  private product(number: number): MixWorld['products'][number] {
    return this.products[number % this.products.length]!
  }

  private headers(authorization: string, key: string): string {
    return `Authorization: ${authorization}\r\nIdempotency-Key: ${this.run}-${key}`
  }
}

const PAYMENT = '{"token":"tok_ok"}'

class Tally {
  readonly counts = Object.fromEntries(COUNTED.map(what => [what, 0])) as Record<
    (typeof COUNTED)[number],
    number
  >
  readonly refused: Record<string, number> = {}
  lost = 0
  requests = 0
  private readonly times = new Uint32Array(SLOWEST_MS + 1)

  refuse(step: Step, status: number, body: string): void {
    const code = /"code":"([^"]+)"/.exec(body)?.[1] ?? ''
    const what = `${step} ${status} ${code}`.trim()
    this.refused[what] = (this.refused[what] ?? 0) + 1
  }

  took(ms: number): void {
    this.requests++
    this.times[Math.min(SLOWEST_MS, Math.round(ms))]!++
  }

  /** ms */
  quantile(part: number): number {
    const all = this.times.reduce((sum, count) => sum + count, 0)
    let below = 0
    for (const [ms, count] of this.times.entries()) {
      below += count
      if (below >= all * part) return ms
    }
    return SLOWEST_MS
  }
}

async function carryOut(world: MixWorld, load: MixLoad): Promise<MixResult> {
  const tally = new Tally()
  const at = load.at ?? world.targets.keys().toArray()
  const visitors = at.map(index => new Visitors(world.targets[index]!, world, load, tally))
  const began = performance.now()
  const { user, system } = process.cpuUsage()
  const late = pause(load.seconds * 1_000 + LATE_MS, 'late' as const, { ref: false })
  const ended = await Promise.race([
    (load.perSecond === undefined ? closed : open)(visitors, load, tally),
    late,
  ])
  // Nobody counts how many they were: that there were some spoils the figure.
  if (ended === 'late') tally.lost++
  const seconds = (performance.now() - began) / 1_000
  const used = process.cpuUsage()
  for (const each of visitors) each.close()
  return {
    ...tally.counts,
    ...{ seconds, requests: tally.requests, refused: tally.refused, lost: tally.lost },
    ...{ p50: tally.quantile(0.5), p99: tally.quantile(0.99) },
    busy: (used.user + used.system - user - system) / 1e6 / seconds,
  }
}

async function closed(visitors: readonly Visitors[], { connections, seconds }: MixLoad): Promise<void> {
  const end = performance.now() + seconds * 1_000
  const everybody = visitors.flatMap(each => Array.from({ length: connections }, () => each))
  await Promise.all(
    everybody.map(async each => {
      while (performance.now() < end) await each.next()
    }),
  )
}

async function open(visitors: readonly Visitors[], load: MixLoad, tally: Tally): Promise<void> {
  const { perSecond = 0, seconds, connections } = load
  const loop = new OpenLoop({
    perSecond,
    most: visitors.length * connections * WAITING_PER_CONNECTION,
    work: number => visitors[number % visitors.length]!.next(),
  })
  loop.start(Math.round(perSecond * seconds))
  await pause(seconds * 1_000)
  await loop.stop()
  tally.lost += loop.problems.length
}

let world: MixWorld | null = null
process.on('message', (message: { readonly world: MixWorld } | { readonly load: MixLoad }) => {
  if ('world' in message) world = message.world
  else if (world !== null) void carryOut(world, message.load).then(result => process.send?.(result))
})
// However the bench goes, its end of the channel closes.
process.on('disconnect', () => process.exit())
