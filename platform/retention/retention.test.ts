import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openScratchLedger, type ScratchLedger, scratchEngines } from '../../tests/support/ledgers.ts'
import type { Ledger } from '../sql/ledger.ts'
import type { PlatformTables } from '../sql/platform-tables.ts'
import { AUDIT_MS, DEAD_LETTERS_MS, INBOX_MS } from './keep.ts'
import { retentionSweeps } from './retention.ts'
import { tableRows } from './table-rows.ts'

const NOW = 2_000_000_000_000
const DAY_MS = 86_400_000
const KEEP_MS = DAY_MS

for (const engine of scratchEngines()) {
  describe(`retention on ${engine.name}`, () => {
    let scratch: ScratchLedger
    let ledger: Ledger
    beforeAll(async () => {
      scratch = await openScratchLedger(engine, [])
      ledger = scratch.ledger
    })
    afterAll(() => scratch.drop())

    /** Runs until a run is not full; how many rows went, and the most that one run took. */
    async function sweep(name: string): Promise<{ deleted: number; most: number }> {
      const found = retentionSweeps(ledger, { idempotency: KEEP_MS }).find(each => each.name === name)!
      let deleted = 0
      let most = 0
      for (;;) {
        const done = await found.run(NOW)
        deleted += done
        most = Math.max(most, done)
        if (done < found.bound!) return { deleted, most }
      }
    }
    function insert<T extends keyof PlatformTables>(table: T, rows: readonly Partial<PlatformTables[T]>[]) {
      return ledger.write<PlatformTables, unknown>(tx =>
        tx
          .insertInto(table)
          .values(rows as never)
          .execute(),
      )
    }
    const letter = (consumer: string, event_key: string, created_at: number) => {
      const rest = { version: 1, type: 'x.y', payload: '{}', cause: 'x' }
      return { consumer, event_key, created_at, ...rest }
    }

    it('deletes first answers after their time, in bounded chunks', async () => {
      const key = (id: string, created_at: number) => ({
        ...{ id, fingerprint: 'f', operation: 'o', answer: '{}' },
        created_at,
      })
      await insert(
        'idempotency',
        Array.from({ length: 2_300 }, (_, i) => key(`old-${i}`, NOW - KEEP_MS - 1 - i)),
      )
      await insert('idempotency', [key('edge', NOW - KEEP_MS), key('new', NOW)])
      const { deleted, most } = await sweep('retention.idempotency')
      expect(deleted).toBe(2_300)
      expect(most).toBe(ledger.dialect === 'sqlite' ? 100 : 1_000)
      const left = await ledger.reads<PlatformTables>().selectFrom('idempotency').select('id').execute()
      expect(left.map(row => row.id).sort()).toEqual(['edge', 'new'])
    })

    it('keeps watermarks that a replay may still need, and all while an old event waits in the outbox', async () => {
      const mark = (consumer: string, event_key: string, updated_at: number) => {
        return { consumer, event_key, version: 1, updated_at }
      }
      const old = NOW - INBOX_MS - 1
      await insert('inbox', [
        mark('a.7', 'k1', old),
        mark('b', 'k4', old),
        mark('a', 'k2', NOW),
        mark('b', "k'3", old),
      ])
      await insert('dead_letters', [letter('a', 'k1', NOW), letter('b', 'k9', NOW)])
      const waiting = { shard: 0, event_key: 'k', version: 1, type: 'x.y', payload: '{}' }
      await insert('outbox', [{ ...waiting, created_at: NOW - INBOX_MS / 2 - 1 }])
      expect((await sweep('retention.inbox')).deleted).toBe(0)
      await ledger.write<PlatformTables, unknown>(tx => tx.deleteFrom('outbox').execute())
      expect((await sweep('retention.inbox')).deleted).toBe(2)
      const left = await ledger.reads<PlatformTables>().selectFrom('inbox').selectAll().execute()
      expect(left.map(row => `${row.consumer} ${row.event_key}`).sort()).toEqual(['a k2', 'a.7 k1'])
      await ledger.write<PlatformTables, unknown>(tx => tx.deleteFrom('dead_letters').execute())
    })

    it('deletes dead letters and audit rows after their time, from the head', async () => {
      await insert('dead_letters', [
        letter('a', 'k1', NOW - DEAD_LETTERS_MS - 1),
        letter('a', 'k1', NOW - DEAD_LETTERS_MS),
      ])
      const act = (at: number) => ({
        ...{ actor: 'm_1', channel_id: null, operation: 'o', request_id: 'r', subject: 's', detail: '{}' },
        at,
      })
      await insert('audit', [act(NOW - AUDIT_MS - 1), act(NOW - AUDIT_MS - 1), act(NOW)])
      expect((await sweep('retention.dead-letters')).deleted).toBe(1)
      expect((await sweep('retention.audit')).deleted).toBe(2)
    })

    it('knows roughly how many rows there are', async () => {
      const rows = await tableRows(ledger)
      expect(Object.keys(rows).sort()).toEqual(['audit', 'dead_letters', 'idempotency', 'inbox', 'outbox'])
      for (const count of Object.values(rows)) expect(count).toBeGreaterThanOrEqual(0)
      if (ledger.dialect === 'sqlite')
        expect(rows).toEqual({ audit: 1, dead_letters: 1, idempotency: 2, inbox: 2, outbox: 0 })
    })
  })
}
