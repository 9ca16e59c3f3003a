// How much a combiner takes at once, and how much may wait.

export interface CombinerLimits {
  /** Requests in one transaction. More lengthen the wait of all; the commit is already shared well. */
  readonly maxBatch: number
  /** Requests waiting; more are refused as overloaded. */
  readonly maxQueue: number
  /** How long a request may wait for rows that somebody else holds, ms. */
  readonly lockWait: number
}

/**
 * Small beside the number of those who wait: while one batch is written, another is answered and a third decided. With
 * 512 callers and batches of 512 on MariaDB, or 256 on SQLite, all who waited were in one or two of them, and shop and engine
 * took turns: a sixth slower there, less here. On SQLite one under locks holds the loop for 2–4 ms.
 */
const MAX_BATCH = 128
/** Two seconds of work at full speed: who waits longer has gone. */
const MAX_QUEUE = 20_000

export function combinerLimits(lockWait: number): CombinerLimits {
  return { maxBatch: MAX_BATCH, maxQueue: MAX_QUEUE, lockWait }
}
