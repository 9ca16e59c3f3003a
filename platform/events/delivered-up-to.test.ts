import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openScratchLedger, type ScratchLedger, scratchEngines } from '../../tests/support/ledgers.ts'
import type { PlatformTables } from '../sql/platform-tables.ts'
import { deliveredUpTo } from './delivered-up-to.ts'

const NOW = 9_000

for (const engine of scratchEngines()) {
  describe(`how far a consumer has heard on ${engine.name}`, () => {
    let scratch: ScratchLedger
    beforeAll(async () => {
      scratch = await openScratchLedger(engine, [])
    })
    afterAll(() => scratch.drop())

    const upTo = (now = NOW) =>
      deliveredUpTo(scratch.ledger, now, {
        ...{ consumer: 'counter', types: ['a.sold', 'a.returned'], inbox: sql.lit('counts') },
      })
    const made = (event_key: string, version: number, type: string, created_at: number) =>
      scratch.ledger.write<PlatformTables, unknown>(tx =>
        tx
          .insertInto('outbox')
          .values({ shard: 0, event_key, version, type, payload: '{}', created_at } as never)
          .execute(),
      )
    const heard = (consumer: string, event_key: string, version: number) =>
      scratch.ledger.write<PlatformTables, unknown>(async tx => {
        await tx
          .deleteFrom('inbox')
          .where('consumer', '=', consumer)
          .where('event_key', '=', event_key)
          .execute()
        await tx.insertInto('inbox').values({ consumer, event_key, version, updated_at: 1 }).execute()
      })

    it('is now, or when the oldest was made that it wants and has not heard', async () => {
      expect(await upTo()).toBe(NOW)
      await made('x', 1, 'a.else', 100)
      expect(await upTo()).toBe(NOW)
      await made('x', 2, 'a.sold', 3_000)
      await made('y', 1, 'a.sold', 2_000)
      expect(await upTo()).toBe(2_000)
      expect(await upTo(1_000)).toBe(1_000)
      await heard('others', 'y', 1)
      expect(await upTo()).toBe(2_000)
      await heard('counts', 'y', 1)
      expect(await upTo()).toBe(3_000)
      // An earlier one of its key says nothing of it.
      await heard('counts', 'x', 1)
      expect(await upTo()).toBe(3_000)
      await heard('counts', 'x', 2)
      expect(await upTo()).toBe(NOW)
    })

    it('is no later than what lies among its dead letters', async () => {
      const parked = (consumer: string, type: string, madeAt: number) =>
        scratch.ledger.write<PlatformTables, unknown>(tx =>
          tx
            .insertInto('dead_letters')
            .values({
              ...{ consumer, event_key: 'z', version: 1, type, payload: '{}', cause: 'x' },
              ...{ created_at: 8_000, made_at: madeAt },
            } as never)
            .execute(),
        )
      await parked('others', 'a.sold', 500)
      await parked('counter', 'a.else', 500)
      expect(await upTo()).toBe(NOW)
      // One of a version that did not say when it was made.
      await parked('counter', 'a.sold', 0)
      expect(await upTo()).toBe(8_000)
      await parked('counter', 'a.returned', 4_000)
      expect(await upTo()).toBe(4_000)
    })
  })
}
