// The ranking on real ledgers and on every rung: days, refunds, events that come twice, and a rebuild while they
// arrive.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { systemCall } from '../../platform/contract/call.ts'
import { ok, type Result } from '../../platform/contract/result.ts'
import type { DomainEvent } from '../../platform/events/event.ts'
import { newId } from '../../platform/ids.ts'
import { createLog } from '../../platform/log/log.ts'
import { openRedis } from '../../platform/redis/open-redis.ts'
import type { Redis } from '../../platform/redis/redis.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import type { PlatformTables } from '../../platform/sql/platform-tables.ts'
import { type LedgerEngine, onEveryLedger, redisUrl } from '../../tests/support/engines.ts'
import { fixedLadders } from '../../tests/support/fixed-ladders.ts'
import { openScratchLedger, type ScratchLedger } from '../../tests/support/ledgers.ts'
import { dayOf, daysBefore, isDay } from './days.ts'
import { bestsellerSchema, createBestseller } from './index.ts'
import type { BestsellerTables } from './tables.ts'

const ZONE = 'Europe/London'
const at = (text: string): number => Date.parse(text)
const code = (result: Result<unknown>): string => (result.ok ? 'ok' : result.refusal.code)

it.each([
  ['2011-03-27T00:30:00Z', '2011-03-27'],
  ['2011-03-27T22:59:59Z', '2011-03-27'], // the clock went forward: midnight is 23:00 UTC
  ['2011-03-27T23:00:00Z', '2011-03-28'],
  ['2010-10-30T22:59:59Z', '2010-10-30'],
  ['2010-10-30T23:00:00Z', '2010-10-31'],
  ['2010-10-31T23:59:59Z', '2010-10-31'], // 25 hours long
  ['2010-11-01T00:00:00Z', '2010-11-01'],
])('%s is of %s in London', (moment, day) => {
  expect(dayOf(at(moment), ZONE)).toBe(day)
})

it('counts days back by the calendar', () => {
  expect(daysBefore('2011-03-29', 6)).toBe('2011-03-23')
  expect(daysBefore('2012-03-01', 1)).toBe('2012-02-29')
  expect([isDay('2011-02-28'), isDay('2011-02-29'), isDay('2011-13-01')]).toEqual([true, false, false])
})

interface Sale {
  readonly orderId: string
  version: number
  readonly businessTime: number
  readonly country: string | null
  readonly lines: {
    readonly productId: string
    readonly quantity: number
    readonly revenue: number
    refundedQuantity: number
    refundedRevenue: number
  }[]
}

const server = redisUrl()

onEveryLedger('best-sellers', engine => {
  describe('on the sql rung', () => suite(engine, undefined))
  describe.skipIf(server === undefined)('on the redis rung', () => suite(engine, server))
})

function suite(engine: LedgerEngine, server: string | undefined): void {
  let redis: Redis | null = null
  let redisPrefix = 'none'
  let scratch: ScratchLedger
  let other: Ledger
  let now = at('2010-12-09T12:00:00Z')
  /** The orders, as `order` would tell them. */
  const sales = new Map<string, Sale>()
  /** Told before each page is read. */
  let onPage: (page: number) => Promise<void> = async () => {}
  let pages = 0
  const PAGE = 4
  const paidLines = async (_call: unknown, { cursor }: { cursor?: string | undefined }) => {
    await onPage(pages++)
    const ids = [...sales.keys()].sort().filter(id => id > (cursor ?? ''))
    const page = ids.slice(0, PAGE)
    const orders = page.map(id => structuredClone(sales.get(id)!))
    return ok({ orders, nextCursor: ids.length > PAGE ? page.at(-1)! : null })
  }
  type Deps = Parameters<typeof createBestseller>[0]
  const make = (ledger: Ledger) =>
    createBestseller({
      ledger,
      redis,
      prefixes: { redisPrefix },
      ladders: fixedLadders({ 'bestseller.read': redis === null ? 'sql' : 'redis' }),
      clock: () => now,
      log: createLog({ level: 'silent', name: 'test' }),
      settings: { timeZone: ZONE, staleness: 1_000 },
      order: { paidLines } as unknown as Deps['order'],
      product: {
        namesOf: async (_call: unknown, { productIds }: { productIds: readonly string[] }) =>
          ok({ names: productIds.map(productId => ({ productId, name: `name of ${productId}` })) }),
      } as Deps['product'],
    })
  let best: ReturnType<typeof make>
  let twin: ReturnType<typeof make>
  beforeAll(async () => {
    scratch = await openScratchLedger(engine, [bestsellerSchema])
    if (server !== undefined)
      redis = await openRedis({
        url: server,
        commandTimeout: 2_000,
        log: createLog({ level: 'silent', name: 'test' }),
      })
    other = await scratch.another()
  })
  const rest = async () => {
    await Promise.all([best?.drain(), twin?.drain()])
  }
  afterAll(async () => {
    await rest()
    await redis?.close()
    await scratch.drop()
  })
  beforeEach(async () => {
    await rest()
    redisPrefix = `t-${newId()}`
    sales.clear()
    onPage = async () => {}
    pages = 0
    best = make(scratch.ledger)
    twin = make(other)
    await scratch.ledger.write<BestsellerTables & PlatformTables, void>(async tx => {
      await tx.deleteFrom('bestseller_days').execute()
      await tx.deleteFrom('inbox').execute()
    })
  })

  const system = () => systemCall('test', now)
  /** An order is paid; its event. */
  function sell(
    orderId: string,
    productId: string,
    quantity: number,
    { time = now, country = null as string | null, price = 10 } = {},
  ): DomainEvent {
    const line = { productId, quantity, revenue: quantity * price, refundedQuantity: 0, refundedRevenue: 0 }
    sales.set(orderId, { orderId, version: 3, businessTime: time, country, lines: [line] })
    const payload = {
      country,
      businessTime: time,
      lines: [{ productId, quantity, revenue: quantity * price }],
    }
    return { type: 'order.paid', key: orderId, version: 3, payload }
  }
  /** Units of an order come back; its event, which tells the time of the sale. */
  function refund(orderId: string, quantity: number): DomainEvent {
    const sale = sales.get(orderId)!
    const line = sale.lines[0]!
    const revenue = (line.revenue / line.quantity) * quantity
    line.refundedQuantity += quantity
    line.refundedRevenue += revenue
    sale.version++
    const { country, businessTime, version } = sale
    const payload = { country, businessTime, lines: [{ productId: line.productId, quantity, revenue }] }
    return { type: 'order.refunded', key: orderId, version, payload }
  }
  async function hear(events: readonly DomainEvent[], on = best) {
    await on.consumers[0]!.handle(events)
    await on.live?.publisher.publish()
  }
  async function ranking(input: Parameters<typeof best.door.bestSellers>[1], on = best) {
    const result = await on.door.bestSellers(system(), input)
    if (!result.ok) throw new Error(result.refusal.detail)
    if (on.live === null) return result.value
    // Again, until Redis has looked at this moment's ledger and has what was asked for.
    for (let again = 1; again <= 2; again++) {
      await on.live.publisher.publish()
      await on.live.filler.rest()
      on.cache.clear()
      expect(await on.door.bestSellers(system(), input)).toEqual(result)
    }
    if (result.value.rows.length > 0) expect(on.live.counts.hits).toBeGreaterThan(0)
    return result.value
  }
  const units = async (input: Parameters<typeof best.door.bestSellers>[1]) =>
    (await ranking(input, make(scratch.ledger))).rows.map(row => [row.productId, row.units])
  async function figures() {
    const result = await best.door.salesByDay(system(), { limit: 1_000 })
    if (!result.ok) throw new Error(result.refusal.detail)
    return result.value.rows
  }
  const compared = async () => {
    const result = await best.door.compareRanking(system(), {})
    if (!result.ok) throw new Error(result.refusal.detail)
    return result.value
  }

  it('counts every event once, whoever delivers it how often', async () => {
    const events = [sell('o1', 'A', 3), sell('o2', 'B', 5), sell('o3', 'A', 1)]
    await Promise.all([hear(events), hear(events, twin), hear(events.toReversed())])
    await hear(events, twin)
    expect(await units({ by: 'units' })).toEqual([
      ['B', 5],
      ['A', 4],
    ])
    expect(await compared()).toMatchObject({ differences: 0, compared: 2 })
  })

  it('ranks by revenue or units, per country, equal ones by id', async () => {
    await hear([
      sell('o1', 'A', 1, { price: 100, country: 'France' }),
      sell('o2', 'C', 5, { country: 'France' }),
      sell('o3', 'B', 5, { country: 'Spain' }),
    ])
    expect(await units({ by: 'revenue' })).toEqual([
      ['A', 1],
      ['B', 5],
      ['C', 5],
    ])
    expect(await units({ by: 'units', limit: 2 })).toEqual([
      ['B', 5],
      ['C', 5],
    ])
    expect(await units({ country: 'Spain' })).toEqual([['B', 5]])
    expect((await ranking({ country: 'Spain' })).rows[0]).toMatchObject({ rank: 1, name: 'name of B' })
  })

  it('knows today, a week and a day, across midnight', async () => {
    await hear([
      sell('o1', 'A', 1, { time: at('2010-12-09T00:00:00Z') }),
      sell('o2', 'B', 2, { time: at('2010-12-08T23:59:59Z') }),
      sell('o3', 'C', 3, { time: at('2010-12-03T00:00:00Z') }),
      sell('o4', 'D', 4, { time: at('2010-12-02T23:59:59Z') }),
    ])
    expect(await units({ period: 'today' })).toEqual([['A', 1]])
    expect(await units({ period: 'day', day: '2010-12-08' })).toEqual([['B', 2]])
    expect((await units({ period: 'week' })).map(([id]) => id)).toEqual(['C', 'B', 'A'])
    const before = now
    // The very next moment is another day, however fresh what was shown before.
    now = at('2010-12-09T23:59:59.999Z')
    expect((await ranking({})).rows).toHaveLength(1)
    now += 1
    expect((await ranking({})).rows).toEqual([])
    now = before
    for (const wrong of [
      { period: 'day' as const },
      { day: '2010-12-08' },
      { period: 'day' as const, day: '2010-02-30' },
    ])
      expect(code(await best.door.bestSellers(system(), wrong))).toBe('invalid_request')
  })

  it('takes a refund off the day of its sale', async () => {
    const sold = sell('o1', 'A', 5, { time: at('2010-12-01T12:00:00Z') })
    await hear([sold])
    await hear([refund('o1', 2), sell('o2', 'A', 1)])
    expect(await units({ period: 'day', day: '2010-12-01' })).toEqual([['A', 3]])
    expect(await units({ period: 'today' })).toEqual([['A', 1]])
    expect(await figures()).toMatchObject([
      { day: '2010-12-01', units: 5, refundedUnits: 2, refundedRevenue: 20 },
      { day: '2010-12-09', units: 1, refundedUnits: 0 },
    ])
    expect(await compared()).toMatchObject({ differences: 0 })
  })

  it('builds the same figures anew while events arrive, before, in and beyond the page', async () => {
    const first = Array.from({ length: 14 }, (_, i) => sell(`o${10 + i}`, `P${i % 3}`, i + 1))
    await hear(first)
    const late: Promise<unknown>[] = []
    onPage = async page => {
      // Within the page's transaction: they wait for its lock, or are delivered after it.
      const events = [refund(`o${10 + page}`, 1), refund(`o${23 - page}`, 1), sell(`o${10 + page}x`, 'P1', 2)]
      late.push(hear(events, twin))
    }
    if (engine.name === 'sqlite') {
      // One writer a process: what arrives meanwhile is heard between the pages.
      onPage = async page => {
        const events = [
          refund(`o${10 + page}`, 1),
          refund(`o${23 - page}`, 1),
          sell(`o${10 + page}x`, 'P1', 2),
        ]
        late.push(Promise.resolve().then(() => hear(events)))
      }
    }
    const built = await best.door.rebuildRanking(system(), {})
    await Promise.all(late)
    onPage = async () => {}
    expect(code(built)).toBe('ok')
    expect(late.length).toBeGreaterThan(2)
    expect(await compared()).toMatchObject({ differences: 0 })
    const kept = await figures()
    // Repeats of everything change nothing, and a rebuild in peace gives the same.
    await hear(first)
    expect(await figures()).toEqual(kept)
    expect(code(await twin.door.rebuildRanking(system(), {}))).toBe('ok')
    expect(await figures()).toEqual(kept)
  })

  it('finds a planted difference, names it, and a rebuild heals it', async () => {
    await hear([sell('o1', 'A', 3), sell('o2', 'B', 5)])
    await scratch.ledger.write<BestsellerTables, unknown>(tx =>
      tx.updateTable('bestseller_days').set({ units: 4 }).where('product_id', '=', 'A').execute(),
    )
    expect(await compared()).toEqual({ compared: 2, differences: 1, examples: ['2010-12-09||A'] })
    await scratch.ledger.write<BestsellerTables, unknown>(tx =>
      tx.deleteFrom('bestseller_days').where('product_id', '=', 'B').execute(),
    )
    expect(await compared()).toMatchObject({ differences: 2 })
    await best.door.rebuildRanking(system(), {})
    expect(await compared()).toMatchObject({ differences: 0 })
  })

  it('gives way to a rebuild that began later, and clears away what is left of old ones', async () => {
    await hear(Array.from({ length: 6 }, (_, i) => sell(`o${i}`, 'A', 1)))
    let second: Promise<Result<unknown>> | undefined
    onPage = async () => {
      second ??= twin.door.rebuildRanking(system(), {})
    }
    const first = await best.door.rebuildRanking(system(), {})
    const results = [code(first), code(await second!)]
    expect(results).toContain('ok')
    for (const each of results) expect(['ok', 'request_in_flight']).toContain(each)
    expect(await compared()).toMatchObject({ differences: 0, compared: 1 })
    const [old] = best.sweeps
    expect(await old!.run(now)).toBeGreaterThan(0)
    expect(await old!.run(now)).toBe(0)
    expect(await compared()).toMatchObject({ differences: 0, compared: 1 })
  })

  it('shows nothing older than declared, and lists its days in pages', async () => {
    await hear([sell('o1', 'A', 1)])
    expect((await ranking({})).rows).toHaveLength(1)
    await hear([sell('o2', 'B', 1), sell('o3', 'C', 1, { country: 'Spain' })])
    now += 1_000
    const shown = await ranking({})
    expect([shown.rows.length, shown.asOf]).toEqual([3, now])
    const seen: string[] = []
    let cursor: string | null = null
    do {
      const page = await best.door.salesByDay(system(), { limit: 1, ...(cursor === null ? {} : { cursor }) })
      if (!page.ok) throw new Error(page.refusal.detail)
      seen.push(...page.value.rows.map(row => row.productId))
      cursor = page.value.nextCursor
    } while (cursor !== null)
    expect(seen).toEqual(['A', 'B', 'C'])
  })
}
