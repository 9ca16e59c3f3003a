// The ranking in Redis on real ledgers: what it says is what the ledger says, whatever becomes of Redis, of those
// who publish, and of the order in which things happen.

import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { systemCall } from '../../platform/contract/call.ts'
import type { DomainEvent } from '../../platform/events/event.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import type { PlatformTables } from '../../platform/sql/platform-tables.ts'
import { onEveryLedger, redisUrl } from '../../tests/support/engines.ts'
import { fixedLadders } from '../../tests/support/fixed-ladders.ts'
import { OwnRedis } from '../../tests/support/own-redis.ts'
import {
  ask,
  fill,
  RankingBed,
  type RankingProcess,
  STALENESS_MS,
  TODAY,
  WEEK,
} from '../../tests/support/ranking-bed.ts'
import { changesSince } from './live-store.ts'
import { scopeName, scopeOf, scoreOf } from './scopes.ts'
import type { TopQuery, TopRow } from './store.ts'
import type { BestsellerTables } from './tables.ts'

describe('scopes', () => {
  it.each([
    { from: '2010-12-03', to: '2010-12-09', country: null },
    { from: '2010-12-09', to: '2010-12-09', country: 'France' },
    { from: '2010-12-09', to: '2010-12-09', country: 'a|b {c} ' },
    { from: '2010-12-09', to: '2010-12-09', country: '' },
  ])('have names that tell all: %o', scope => {
    expect(scopeOf(scopeName(scope))).toEqual(scope)
  })

  it('have exact scores or none', () => {
    const row = (revenue: number, refunded = 0) =>
      ({ product_id: 'A', units: 0, revenue, refunded_units: 0, refunded_revenue: refunded }) as TopRow
    expect(Object.is(scoreOf(row(5, 5), 'revenue'), 0)).toBe(true)
    expect(scoreOf(row(Number.MAX_SAFE_INTEGER), 'revenue')).toBe(-Number.MAX_SAFE_INTEGER)
    expect(() => scoreOf(row(2 ** 53), 'revenue')).toThrow('not exact')
  })
})

const url = redisUrl()

/** For what happens by itself, on a machine that others use too. */
const PATIENCE = { timeout: 15_000, interval: 10 }

onEveryLedger('the ranking in Redis', engine => {
  describe.skipIf(url === undefined)('of a real server', () => {
    let bed: RankingBed
    let one: RankingProcess
    beforeAll(async () => {
      bed = await RankingBed.open(engine, url!)
    })
    afterAll(() => bed.close())
    beforeEach(async () => {
      await bed.reset()
      one = await bed.process()
    })
    /** Redis says the same as the ledger, and does say it. */
    const agrees = async (question: TopQuery, by = one) => {
      const { rows, byRedis } = await ask(by, question)
      expect(rows).toEqual((await by.sql.top(question)).rows)
      expect(byRedis).toBe(true)
      return rows
    }

    it('says what the ledger says, for any sales and refunds', async () => {
      const days = ['2010-11-20', '2010-12-03', '2010-12-08', '2010-12-09']
      const sold = fc.record({
        productId: fc.constantFrom('A', 'B', 'a', 'Z1', '10', '9', 'Ä'),
        day: fc.constantFrom(...days),
        country: fc.constantFrom(null, 'France', 'Spain'),
        units: fc.integer({ min: 1, max: 3 }),
        price: fc.constantFrom(0, 10, 15),
        // More may come back than was sold, as far as a ranking knows: nets below zero.
        refunded: fc.integer({ min: 0, max: 5 }),
      })
      const ranges = [TODAY, WEEK, { ...TODAY, from: days[0]!, to: days[0]! }]
      const questions: TopQuery[] = ranges.flatMap(range => [
        { ...range, limit: 2 },
        { ...range, by: 'units' },
        { ...range, country: 'France' },
      ])
      const batches = fc.array(fc.array(sold, { minLength: 1, maxLength: 8 }), { minLength: 2, maxLength: 3 })
      await fc.assert(
        fc.asyncProperty(batches, async all => {
          await bed.reset()
          one = await bed.process()
          for (const batch of all) {
            const sales = batch.map(each => bed.sale(each))
            await one.hear(...sales)
            await one.hear(...sales.map((sale, i) => bed.refund(sale, batch[i]!.refunded, batch[i]!.price)))
            await one.live.publisher.publish()
            for (const question of questions) {
              const first = await ask(one, question)
              const expected = (await one.sql.top(question)).rows
              expect(first.rows).toEqual(expected)
              await one.live.filler.rest()
              if (expected.length > 0) await agrees(question)
            }
          }
        }),
        { numRuns: 10 },
      )
    })

    it('tells a sale by itself, without being asked to publish', async () => {
      await one.hear(bed.sale())
      await fill(one, TODAY)
      await one.hear(bed.sale({ productId: 'B', units: 2 }))
      await vi.waitFor(
        async () => expect((await agrees(TODAY)).map(row => row.product_id)).toEqual(['B', 'A']),
        PATIENCE,
      )
    })

    it('fills an old day when it is asked for, and keeps it up to date from then on', async () => {
      const old = { ...TODAY, from: '2009-01-05', to: '2009-01-05' }
      const sale = bed.sale({ day: '2009-01-05', units: 5 })
      await one.hear(sale)
      expect((await ask(one, old)).byRedis).toBe(false)
      await one.live.filler.rest()
      expect(await agrees(old)).toMatchObject([{ units: 5, refunded_units: 0 }])
      await one.hear(bed.refund(sale, 2), bed.sale({ day: '2009-01-05', productId: 'B' }))
      await one.live.publisher.publish()
      expect(await agrees(old)).toMatchObject([{ units: 5, refunded_units: 2 }, { product_id: 'B' }])
      expect(one.live.counts).toMatchObject({ fills: 1, misses: 1 })
    })

    it('does not keep what was never sold', async () => {
      await one.hear(bed.sale())
      await one.live.rung.top({ ...TODAY, country: 'Atlantis' })
      await one.live.filler.rest()
      expect((await one.keys.head())?.scopes ?? []).toEqual([])
    })

    it('keeps so many at the most, and what every page shows always', async () => {
      const days = Array.from({ length: 70 }, (_, i) => new Date(i * 86_400_000).toISOString().slice(0, 10))
      await one.hear(...days.map(day => bed.sale({ day })), bed.sale())
      for (const day of days) await fill(one, { ...TODAY, from: day, to: day })
      expect((await one.keys.head())!.scopes).toHaveLength(64)
      expect(one.live.counts.fillsLost).toBe(6)
      await fill(one, TODAY, WEEK)
      await agrees(TODAY)
      await agrees(WEEK)
    })

    it('drops what has ended, and every key has an end of its own', async () => {
      await one.hear(bed.sale())
      await fill(one, TODAY, WEEK)
      const keys = await keysOf(one)
      expect(keys).toHaveLength(7)
      for (const key of keys) expect(Number(await one.redis.command('PTTL', key))).toBeGreaterThan(0)
      bed.now += 11 * 60_000
      await one.live.publisher.publish()
      expect((await one.keys.head())!.scopes).toEqual([])
      expect(await keysOf(one)).toHaveLength(1)
      expect((await ask(one, TODAY)).byRedis).toBe(false)
    })

    it('takes nothing from a publication that comes late', async () => {
      await one.hear(bed.sale({ units: 1 }))
      await fill(one, TODAY)
      const two = await bed.process()
      await one.live.publisher.rest()
      // One process reads what there is to tell, and is then held up.
      const head = (await one.keys.head())!
      await one.ledger.write<BestsellerTables, unknown>(async tx => {
        await tx
          .updateTable('bestseller_days')
          .set({ units: 2, version: head.version + 1 })
          .execute()
        await tx
          .updateTable('bestseller_state')
          .set({ version: head.version + 1 })
          .execute()
      })
      const late = (await changesSince(one.ledger, head, [TODAY]))!
      expect(late.figures.size).toBe(1)
      await two.hear(bed.sale({ units: 5 }))
      await two.live.publisher.publish()
      const found = { asOf: bed.now, checked: bed.now }
      expect(await one.keys.apply(head, late, found)).toBe(false)
      expect(await agrees(TODAY)).toMatchObject([{ units: 7 }])
      // Nor may it say that all is known up to a version that is not here.
      expect(await one.keys.confirm(head.era, late.version + 100, found)).toBe(false)
    })

    it('takes no publication whose process did not know of a scope that came meanwhile', async () => {
      await one.hear(bed.sale())
      await one.live.publisher.publish()
      const head = (await one.keys.head())!
      expect(head.scopes).toEqual([])
      await fill(one, TODAY)
      await one.ledger.write<BestsellerTables, unknown>(async tx => {
        await tx
          .updateTable('bestseller_days')
          .set({ units: 2, version: head.version + 1 })
          .execute()
        await tx
          .updateTable('bestseller_state')
          .set({ version: head.version + 1 })
          .execute()
      })
      const changes = (await changesSince(one.ledger, head, []))!
      expect(await one.keys.apply(head, changes, { asOf: bed.now, checked: bed.now })).toBe(false)
      await one.live.publisher.publish()
      expect(await agrees(TODAY)).toMatchObject([{ units: 2 }])
    })

    it('takes no filling that is older than what is there', async () => {
      await one.hear(bed.sale())
      await one.live.publisher.publish()
      const before = (await one.keys.head())!
      await one.hear(bed.sale({ productId: 'B' }))
      await one.live.publisher.publish()
      const rows = (await one.sql.top(TODAY)).rows.slice(0, 1)
      await one.keys.stage('token', rows)
      const scope = { scope: TODAY, token: 'token', endsAt: bed.now + 1_000 }
      const at = { now: bed.now, shown: true }
      expect(await one.keys.settle(before.era, before.version, scope, at)).toBe('behind')
      expect(await one.keys.settle('another era', before.version + 1, scope, at)).toBe('gone')
      await one.keys.unstage('token')
      expect(await one.keys.settle(before.era, before.version + 1, scope, at)).toBe('gone')
      expect((await ask(one, TODAY)).byRedis).toBe(false)
    })

    it('agrees after two processes have counted, published and filled at once', async () => {
      const two = await bed.process()
      const both = [one, two]
      for (let round = 0; round < 15; round++) {
        const events = Array.from({ length: 20 }, (_, i) =>
          bed.sale({
            productId: `P${(round * 7 + i) % 30}`,
            day: `2010-12-0${3 + (i % 7)}`,
            units: 1 + (i % 3),
          }),
        )
        await Promise.all(
          both.flatMap((each, i) => [
            each.hear(...events.slice(10 * i, 10 * i + 10)),
            each.live.publisher.publish(),
            each.live.rung.top(TODAY),
            each.live.rung.top({ ...WEEK, by: 'units' }),
          ]),
        )
      }
      for (const each of both) {
        await each.live.publisher.rest()
        await each.live.filler.rest()
        await each.live.publisher.publish()
      }
      for (const each of both) {
        await fill(each, TODAY, WEEK)
        await agrees(TODAY, each)
        await agrees({ ...WEEK, by: 'units' }, each)
        expect(await each.live.comparer.run()).toBeGreaterThan(0)
        expect(each.live.counts.differences).toBe(0)
      }
      expect(one.live.counts.published + two.live.counts.published).toBeGreaterThan(3)
    })

    it('tells many changes in parts', async () => {
      await one.hear(bed.sale())
      await fill(one, TODAY, WEEK)
      await one.hear(...Array.from({ length: 1_200 }, (_, i) => bed.sale({ productId: `P${i}` })))
      await one.live.publisher.publish()
      expect(one.live.counts.eras).toBe(1)
      await agrees(TODAY)
      await agrees({ ...WEEK, limit: 2_000 })
    })

    it('begins anew when it has fallen too far behind', async () => {
      await one.hear(bed.sale())
      await fill(one, TODAY)
      const events = Array.from({ length: 5_100 }, (_, i) => bed.sale({ productId: `P${i}` }))
      await one.hear(...events)
      await one.live.publisher.publish()
      expect(one.live.counts.eras).toBe(2)
      expect((await one.keys.head())!.scopes).toEqual([])
      await fill(one, TODAY)
      await agrees(TODAY)
    })

    it('begins anew after a rebuild, while events arrive', async () => {
      const sales = Array.from({ length: 30 }, (_, i) =>
        bed.sale({ productId: `P${i % 4}`, units: 1 + (i % 3) }),
      )
      await one.hear(...sales)
      await fill(one, TODAY, WEEK)
      const era = (await one.keys.head())!.era
      const arriving: Promise<void>[] = sales.slice(0, 10).map(sale => one.hear(bed.refund(sale, 1)))
      const call = systemCall('test', bed.now)
      expect(await one.module.door.rebuildRanking(call, {})).toMatchObject({ ok: true })
      await Promise.all(arriving)
      await one.live.publisher.publish()
      const head = (await one.keys.head())!
      expect(head.era).not.toBe(era)
      await fill(one, TODAY, WEEK)
      await agrees(TODAY)
      await agrees(WEEK)
      expect(await one.module.door.compareRanking(call, {})).toMatchObject({ value: { differences: 0 } })
    })

    it.each<[string, (at: RankingProcess, key: (part: string) => string) => Promise<unknown>]>([
      ['a score', (at, key) => at.redis.command('ZADD', key('revenue'), -99_999, 'B')],
      ['figures', (at, key) => at.redis.command('HSET', key('figures'), 'B', '1 10 0 3')],
      ['a product too many', (at, key) => at.redis.command('HSET', key('figures'), 'X', '1 1 0 0')],
      [
        'the same in all its places',
        (at, key) =>
          Promise.all([
            at.redis.command('HSET', key('figures'), 'X', '1 1 0 0'),
            at.redis.command('ZADD', key('revenue'), -1, 'X'),
            at.redis.command('ZADD', key('units'), -1, 'X'),
          ]),
      ],
      [
        'a product too few',
        (at, key) =>
          Promise.all([
            at.redis.command('HDEL', key('figures'), 'B'),
            at.redis.command('ZREM', key('revenue'), 'B'),
            at.redis.command('ZREM', key('units'), 'B'),
          ]),
      ],
      [
        'a row of the ledger that an older process changed',
        at =>
          at.ledger.write<BestsellerTables, unknown>(tx =>
            tx.updateTable('bestseller_days').set({ units: 9 }).where('product_id', '=', 'A').execute(),
          ),
      ],
    ])('finds %s that differs, and heals it', async (_what, harm) => {
      await one.hear(bed.sale({ units: 3 }), bed.sale({ productId: 'B', units: 2 }))
      await fill(one, TODAY)
      expect(await one.live.comparer.run()).toBe(2)
      expect(one.live.counts.differences).toBe(0)
      await harm(one, part => keyOfToday(one, part))
      await one.live.comparer.run()
      expect(one.live.counts.differences).toBeGreaterThan(0)
      await one.live.filler.rest()
      await agrees(TODAY)
      await agrees({ ...TODAY, by: 'units' })
      const found = one.live.counts.differences
      await one.live.comparer.run()
      expect(one.live.counts.differences).toBe(found)
    })

    it('finds no difference in what has just been sold', async () => {
      await one.hear(...Array.from({ length: 1_200 }, (_, i) => bed.sale({ productId: `P${i}` })))
      await fill(one, TODAY)
      await one.live.publisher.rest()
      // Counted, and not told to Redis.
      const silent = await bed.process({ redis: null, ladders: fixedLadders({ 'bestseller.read': 'sql' }) })
      await silent.hear(
        ...Array.from({ length: 100 }, (_, i) => bed.sale({ productId: `P${i * 2}` })),
        bed.sale(),
      )
      expect(await one.live.comparer.run()).toBe(1_201)
      expect(one.live.counts.differences).toBe(0)
    })

    it('shows nothing of a scope that has lost a part', async () => {
      await one.hear(bed.sale(), bed.sale({ productId: 'B' }))
      for (const part of ['revenue', 'figures']) {
        await fill(one, TODAY)
        await agrees(TODAY)
        // As when Redis is short of memory.
        await one.redis.command('DEL', keyOfToday(one, part))
        const { rows, byRedis } = await ask(one, TODAY)
        expect(rows).toEqual((await one.sql.top(TODAY)).rows)
        expect(byRedis).toBe(false)
        await one.live.filler.rest()
        await agrees(TODAY)
        await one.redis.command('DEL', keyOfToday(one, part))
        await one.hear(bed.sale({ productId: 'C' }))
        await one.live.publisher.publish()
        expect((await one.keys.head())!.scopes).toEqual([])
        expect(await keysOf(one)).toHaveLength(1)
      }
      await fill(one, TODAY)
      await one.redis.command('ZREM', keyOfToday(one, 'revenue'), 'C')
      expect((await ask(one, TODAY)).byRedis).toBe(false)
    })

    it('knows nothing once the head is gone, whatever else is left', async () => {
      await one.hear(bed.sale(), bed.sale({ productId: 'B' }))
      await fill(one, TODAY)
      const head = (await one.keys.head())!
      await one.live.publisher.rest()
      await one.redis.command('DEL', headKey(one))
      const silent = await bed.process({ redis: null, ladders: fixedLadders({ 'bestseller.read': 'sql' }) })
      await silent.hear(bed.sale({ productId: 'C', units: 9 }))
      // Before and after somebody has begun anew.
      expect(await ask(one, TODAY)).toMatchObject({ byRedis: false, rows: [{ product_id: 'C' }, {}, {}] })
      await one.live.filler.rest()
      await agrees(TODAY)
      expect((await one.keys.head())!.era).not.toBe(head.era)
      await one.redis.command('DEL', headKey(one))
      await one.live.publisher.publish()
      expect((await ask(one, TODAY)).byRedis).toBe(false)
    })

    it('begins anew where the head makes no sense, or the ledger is an older one', async () => {
      await one.hear(bed.sale())
      await fill(one, TODAY)
      for (const [field, value] of [
        ['version', 'x'],
        ['version', '999999999'],
        ['era', ''],
      ] as const) {
        await one.redis.command('HSET', headKey(one), field, value)
        await one.live.publisher.publish()
        await one.live.publisher.publish()
        await fill(one, TODAY)
        await agrees(TODAY)
      }
    })

    it('says up to when sales are counted, and leaves it to the ledger when nobody looks any more', async () => {
      await one.hear(bed.sale())
      await fill(one, TODAY)
      await one.live.publisher.publish()
      expect(await ask(one, TODAY)).toMatchObject({ asOf: bed.now, byRedis: true })
      // An event waits: Redis says so as the ledger does, and still answers.
      const made = bed.now - 5_000
      const waiting = {
        shard: 0,
        event_key: 'o',
        version: 1,
        type: 'order.paid',
        payload: '{}',
        created_at: made,
      }
      await bed.ledger.write<PlatformTables, unknown>(tx =>
        tx
          .insertInto('outbox')
          .values(waiting as never)
          .execute(),
      )
      await one.live.publisher.publish()
      expect(await ask(one, TODAY)).toMatchObject({ asOf: made, byRedis: true })
      await bed.ledger.write<PlatformTables, unknown>(tx => tx.deleteFrom('outbox').execute())
      bed.now += STALENESS_MS - 1
      expect(await ask(one, TODAY)).toMatchObject({ asOf: made, byRedis: true })
      await one.live.publisher.rest()
      bed.now += 1
      const { asOf, byRedis } = await ask(one, TODAY)
      expect([asOf, byRedis]).toEqual([bed.now, false])
      expect(one.live.counts.late).toBe(1)
      // Who noticed has it looked after, and the sweep goes on with it while somebody reads.
      await one.live.publisher.rest()
      expect(await ask(one, TODAY)).toMatchObject({ asOf: bed.now, byRedis: true })
      bed.now += one.live.publisher.every
      expect(await one.live.publisher.beat(bed.now)).toBe(1)
      expect(await one.live.publisher.beat(bed.now)).toBe(0)
      expect(await ask(one, TODAY)).toMatchObject({ asOf: bed.now, byRedis: true })
      // Nobody reads: it rests, and looks now and then.
      bed.now += 5_001
      expect(await one.live.publisher.beat(bed.now)).toBe(1)
      bed.now += 1_000
      expect(await one.live.publisher.beat(bed.now)).toBe(0)
      bed.now += 1_000
      expect(await one.live.publisher.beat(bed.now)).toBe(1)
    })

    it('counts as told only what was sold before it looked', async () => {
      let during: (() => Promise<void>) | null = null
      const ledger = await late(bed, () => during)
      const slow = await bed.process({ ledger })
      await slow.hear(bed.sale())
      await fill(slow, TODAY)
      await slow.live.publisher.rest()
      await one.hear(bed.sale())
      await one.live.publisher.rest()
      const began = bed.now
      during = async () => {
        during = null
        bed.now += 500
        await one.ledger.write<BestsellerTables, unknown>(tx =>
          tx
            .updateTable('bestseller_state')
            .set(e => ({ version: e('version', '+', 1) }))
            .execute(),
        )
      }
      await slow.live.publisher.publish()
      expect((await ask(slow, TODAY)).asOf).toBe(began)
    })

    it('makes local memory of other processes look again', async () => {
      const call = () => systemCall('test', bed.now)
      const two = await bed.process()
      await one.hear(bed.sale())
      const shown = async (by: RankingProcess) => {
        const answer = await by.module.door.bestSellers(call(), {})
        return answer.ok ? answer.value.rows.length : -1
      }
      await fill(two, TODAY)
      expect(await shown(two)).toBe(1)
      let products = 1
      // The clock of the test stands still: nothing in memory grows old by itself.
      await vi.waitFor(async () => {
        await one.hear(bed.sale({ productId: `P${products}` }))
        await one.live.publisher.publish()
        products++
        await vi.waitFor(async () => expect(await shown(two)).toBe(products), { timeout: 1_000 })
      }, PATIENCE)
    })
  })

  describe('of a server that fails', () => {
    let bed: RankingBed
    let server: OwnRedis
    let one: RankingProcess
    beforeAll(async () => {
      server = await OwnRedis.start()
      bed = await RankingBed.open(engine, server.url)
    })
    afterEach(() => server.goOn())
    afterAll(async () => {
      await bed.close()
      await server.drop()
    })
    beforeEach(async () => {
      await bed.reset()
      one = await bed.process()
    })
    const same = async (question: TopQuery) =>
      expect((await ask(one, question)).rows).toEqual((await one.sql.top(question)).rows)
    const redisAnswers = (question: TopQuery) =>
      vi.waitFor(async () => {
        await fill(one, question)
        expect((await ask(one, question)).byRedis).toBe(true)
      }, PATIENCE)

    it('answers rightly through flushes in the midst of sales', async () => {
      for (let round = 0; round < 12; round++) {
        await one.hear(bed.sale({ productId: `P${round % 3}` }), bed.sale({ productId: `P${round % 5}` }))
        if (round % 3 === 1) await one.redis.command('FLUSHALL')
        await one.live.publisher.publish()
        await same(TODAY)
        await same(WEEK)
        await one.live.filler.rest()
      }
      await redisAnswers(TODAY)
      await same(TODAY)
      expect(one.live.counts.eras).toBeGreaterThan(3)
    })

    it('emptied under a herd, asks the ledger for no more than it bears, once for each question, and serves all in the end', async () => {
      await one.hear(
        ...Array.from({ length: 300 }, (_, i) => bed.sale({ productId: `P${i}`, country: `C${i % 100}` })),
      )
      const ledger = await bed.another()
      let asked = 0
      let atOnce = 0
      let most = 0
      const watched: Ledger = Object.assign(Object.create(ledger) as Ledger, {
        // The first thing that a ranking asks.
        async currentTo(now: number) {
          asked++
          atOnce++
          most = Math.max(most, atOnce)
          await new Promise(resolve => setImmediate(resolve))
          atOnce--
          return ledger.currentTo(now)
        },
      })
      const cold = await bed.process({ ledger: watched })
      await cold.redis.command('FLUSHALL')
      const questions = Array.from({ length: 200 }, (_, i) => ({
        ...{ period: 'day', day: '2010-12-09', country: `C${i % 100}` },
        by: i % 2 === 0 ? 'revenue' : 'units',
      }))
      const call = systemCall('herd', bed.now)
      const outcome = (question: object) =>
        cold.module.door.bestSellers(call, question as never).then(
          result => (result.ok ? 'ok' : result.refusal.code),
          (error: Error) => error.name,
        )
      const herd = await Promise.all(Array.from({ length: 10 }, () => questions.map(outcome)).flat())
      expect(new Set(herd)).toEqual(new Set(['ok', 'Overloaded']))
      expect(asked).toBeLessThanOrEqual(200)
      expect(most).toBeLessThanOrEqual(16)
      await vi.waitFor(async () => {
        expect(new Set(await Promise.all(questions.map(outcome)))).toEqual(new Set(['ok']))
      }, PATIENCE)
    })

    it('answers rightly while it is stopped, away, and back empty', async () => {
      await one.hear(bed.sale())
      await redisAnswers(TODAY)
      server.stop()
      await same(TODAY)
      server.goOn()
      await server.kill()
      const meanwhile: DomainEvent[] = [bed.sale({ productId: 'B', units: 5 }), bed.sale({ units: 2 })]
      await one.hear(...meanwhile)
      await same(TODAY)
      expect(one.live.counts.away).toBeGreaterThan(0)
      await server.restart()
      await redisAnswers(TODAY)
      await same(TODAY)
      await one.live.filler.rest()
    })
  })
})

const headKey = (at: RankingProcess): string => at.keys.channel.replace(/changed$/, 'head')
const keyOfToday = (at: RankingProcess, part: string): string =>
  at.keys.channel.replace(/changed$/, `${part}:${scopeName(TODAY)}`)

/** All keys of this shop. A walk in steps, as on a server that others use too. */
async function keysOf({ redis, keys }: RankingProcess): Promise<string[]> {
  const found: string[] = []
  let cursor = '0'
  do {
    const match = keys.channel.replace(/changed$/, '*')
    const answer = await redis.command<[string, string[]]>('SCAN', cursor, 'MATCH', match, 'COUNT', 1_000)
    cursor = answer[0]
    found.push(...answer[1])
  } while (cursor !== '0')
  return found
}

/** A ledger whose snapshots let something else happen first. */
async function late(bed: RankingBed, during: () => (() => Promise<void>) | null): Promise<Ledger> {
  const { ledger } = bed
  return {
    ...ledger,
    async snapshot(work) {
      await during()?.()
      return ledger.snapshot(work)
    },
  }
}
