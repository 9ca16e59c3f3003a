// How much a combiner takes at once, and how much may wait.

import type { Ledger } from './ledger.ts'

export interface CombinerLimits {
  /** Requests in one transaction. More lengthen the wait of all; the commit is already shared well. */
  readonly maxBatch: number
  /** Requests waiting; more are refused as overloaded. */
  readonly maxQueue: number
  /** How long a request may wait for rows that somebody else holds, ms. */
  readonly lockWait: number
}

/** On SQLite a batch under locks runs on the main thread: at 13–30 µs a request, 256 hold the loop for 4–8 ms. */
const SQLITE_BATCH = 256
/**
 * Small beside the number of those who wait: while one batch is written, another is answered and a third decided. With
 * 512, all who wait were in one or two batches, and shop and engine took turns (a sixth slower at 512 connections).
 */
const MYSQL_BATCH = 128
/** Two seconds of work at full speed: who waits longer has gone. */
const MAX_QUEUE = 20_000

export function combinerLimits(ledger: Ledger, lockWait: number): CombinerLimits {
  return { maxBatch: ledger.dialect === 'sqlite' ? SQLITE_BATCH : MYSQL_BATCH, maxQueue: MAX_QUEUE, lockWait }
}
