// Two processes that share the ledger and a Redis: read once for both, changed for both at once, and right without it.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Call, systemCall } from '../../platform/contract/call.ts'
import { ok } from '../../platform/contract/result.ts'
import { shortHash } from '../../platform/events/event.ts'
import { createLog } from '../../platform/log/log.ts'
import { families, keyOf } from '../../platform/redis/keys.ts'
import { openRedis } from '../../platform/redis/open-redis.ts'
import type { Redis } from '../../platform/redis/redis.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import type { Rung } from '../../resilience/ladders.ts'
import { onEveryLedger } from '../../tests/support/engines.ts'
import { fixedLadders } from '../../tests/support/fixed-ladders.ts'
import { openScratchLedger, type ScratchLedger } from '../../tests/support/ledgers.ts'
import { OwnRedis, onEveryRedis } from '../../tests/support/own-redis.ts'
import { createProductModule, productSchema } from './index.ts'

/** So long that nothing is read anew by itself while a test waits. */
const STALENESS = 60_000
const log = createLog({ level: 'silent', name: 'test' })

let keys = 0
function admin(): Call {
  const key = `k${keys++}`
  return {
    principal: { kind: 'member', id: 'm_admin', roles: ['administrator'], channelId: null, email: null },
    requestId: key,
    deadline: Date.now() + 60_000,
    idempotency: { id: shortHash(key), fingerprint: shortHash(key) },
  }
}

onEveryLedger('products in Redis', engine =>
  onEveryRedis('on', program => {
    let server: OwnRedis
    let scratch: ScratchLedger
    const redises: Redis[] = []
    let ahead = 0
    const clock = () => Date.now() + ahead
    let stockReads = 0

    type Product = ReturnType<typeof createProductModule>
    async function start(ledger: Ledger, rung: Rung<'product.cache'> = 'redis'): Promise<Product> {
      const redis = await openRedis({ url: server.url, commandTimeout: 1_000, log })
      redises.push(redis)
      return createProductModule({
        ...{ ledger, redis, log },
        clock,
        prefixes: { redisPrefix: 'test' },
        ladders: fixedLadders({ 'product.cache': rung }),
        settings: { currency: 'GBP', staleness: STALENESS },
        order: {
          stockOf: async (_call, { productIds }) => {
            stockReads++
            return ok({ stock: productIds.map(productId => ({ productId, available: 7 })) })
          },
        } as Parameters<typeof createProductModule>[0]['order'],
      })
    }
    let one: Product
    let two: Product
    let local: Product
    beforeAll(async () => {
      server = await OwnRedis.start(program)
      scratch = await openScratchLedger(engine, [productSchema])
      one = await start(scratch.ledger)
      two = await start(await scratch.another())
      local = await start(await scratch.another(), 'local')
    })
    afterAll(async () => {
      await Promise.all(redises.map(redis => redis.close()))
      await scratch.drop()
      await server.drop()
    })

    const add = (productId: string) =>
      one.door.createProduct(admin(), { productId, name: 'a mug', price: 100 })
    const edit = (productId: string, version: number, price: number, on = one) =>
      on.door.editProduct(admin(), { productId, version, price })
    async function price(productId: string, on: Product): Promise<number> {
      const shown = await on.door.getProduct(systemCall('test', clock()), { productId })
      if (!shown.ok) throw new Error(shown.refusal.detail)
      return shown.value.price
    }
    const keyed = (productId: string) => keyOf('test', families.product, productId)
    /** What was written by the way is there. */
    const stored = (productId: string) =>
      expect.poll(() => redises[0]!.command('EXISTS', keyed(productId))).toBe(1)

    it('is read once for all processes, with a life that ends by itself', async () => {
      await add('A')
      ahead++
      // Once both have heard that it was made: what was read before that is not believed.
      await expect
        .poll(async () => {
          ahead += STALENESS
          stockReads = 0
          await price('A', one)
          await stored('A')
          await price('A', two)
          return stockReads
        })
        .toBe(1)
      const left = await redises[0]!.command<number>('PTTL', keyed('A'))
      expect(left).toBeGreaterThan(0)
      expect(left).toBeLessThanOrEqual(families.product.ttl)
    })

    it('is changed for all at once, by whichever process', async () => {
      await add('B')
      let version = 1
      for (const editor of [one, two, local]) {
        await Promise.all([price('B', one), price('B', two), price('B', local)])
        await edit('B', version, 100 + version, editor)
        expect(await price('B', editor)).toBe(100 + version)
        for (const each of [one, two, local]) await expect.poll(() => price('B', each)).toBe(100 + version)
        version++
      }
    })

    it('is taken out of Redis when it changes, for those who are not told', async () => {
      await add('F')
      let version = 1
      for (const [i, editor] of [one, two, local].entries()) {
        // Once all have heard of the change before: what was true before it is not stored.
        await expect
          .poll(async () => {
            ahead += STALENESS
            await price('F', one)
            return redises[0]!.command('EXISTS', keyed('F'))
          })
          .toBe(1)
        await edit('F', version++, 5, editor)
        // On the same connection: what was sent before is done.
        expect(await redises[i]!.command('EXISTS', keyed('F'))).toBe(0)
      }
    })

    it('is dropped where its event arrives, for all', async () => {
      await add('C')
      await Promise.all([price('C', one), price('C', two)])
      // Changed by a process that died before it could tell.
      await scratch.ledger.write(tx =>
        (tx as never as { updateTable(name: string): { set(row: object): { execute(): Promise<void> } } })
          .updateTable('products')
          .set({ price: 5 })
          .execute(),
      )
      await one.consumers[0]!.handle([{ type: 'product.changed', key: 'C', version: 2, payload: {} }])
      expect(await price('C', one)).toBe(5)
      await expect.poll(() => price('C', two)).toBe(5)
    })

    it('does not believe what is not of our making', async () => {
      await add('D')
      await redises[0]!.command('SET', keyed('D'), `1 ${clock()} {"productId":"A","price":1}`)
      expect(await price('D', two)).toBe(100)
      await redises[0]!.command('DEL', keyed('D'))
      await redises[0]!.command('LPUSH', keyed('D'), 'x')
      ahead += STALENESS
      expect(await price('D', two)).toBe(100)
    })

    it('is right, and never older than declared, while Redis is emptied, away and back', async () => {
      await add('E')
      await Promise.all([price('E', one), price('E', two)])
      await server.restart()
      await edit('E', 1, 7)
      expect(await price('E', one)).toBe(7)
      // Nobody could be told.
      ahead += STALENESS
      expect(await price('E', two)).toBe(7)
      await server.kill()
      await edit('E', 2, 8)
      expect(await price('E', one)).toBe(8)
      ahead += STALENESS
      expect(await price('E', two)).toBe(8)
      await server.restart()
      ahead += STALENESS
      expect([await price('E', one), await price('E', two)]).toEqual([8, 8])
    })
  }),
)
