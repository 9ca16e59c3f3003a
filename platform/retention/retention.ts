// What the platform's own tables keep, and for how long: sweeps that delete a bounded share at a time.

import type { Sweep } from '../module.ts'
import type { Ledger } from '../sql/ledger.ts'
import { AUDIT_MS, DEAD_LETTERS_MS, INBOX_MS } from './keep.ts'
import { deleteOldNumbers, deleteOldWatermarks, oldestEvent } from './old-rows.ts'

export interface RetentionSettings {
  /** How long first answers are kept (idempotency.retention), ms. */
  readonly idempotency: number
}

/**
 * Rows of one run. On SQLite they hold the main thread (100: one to two milliseconds), elsewhere row locks. With
 * the scheduler's pauses that is up to some 8,000 rows a second there and 30,000 elsewhere.
 */
const CHUNK = { sqlite: 100, mysql: 1_000 } as const
/** Pauses while little is due, ms. */
const EVERY_MS = 5_000
const SELDOM_MS = 60_000

/** One sweep a table. How many rows each has deleted is what the scheduler counts. */
export function retentionSweeps(ledger: Ledger, settings: RetentionSettings): readonly Sweep[] {
  const bound = CHUNK[ledger.dialect]
  return [
    {
      name: 'retention.idempotency',
      every: EVERY_MS,
      bound,
      run: now => deleteOldNumbers(ledger, 'idempotency', now - settings.idempotency, bound),
    },
    {
      name: 'retention.inbox',
      every: EVERY_MS,
      bound,
      async run(now) {
        const oldest = await oldestEvent(ledger)
        if (oldest !== null && oldest < now - INBOX_MS / 2) return 0
        return deleteOldWatermarks(ledger, now - INBOX_MS, bound)
      },
    },
    {
      name: 'retention.dead-letters',
      every: SELDOM_MS,
      bound,
      run: now => deleteOldNumbers(ledger, 'dead_letters', now - DEAD_LETTERS_MS, bound),
    },
    {
      name: 'retention.audit',
      every: SELDOM_MS,
      bound,
      run: now => deleteOldNumbers(ledger, 'audit', now - AUDIT_MS, bound),
    },
  ]
}
