// The ledger as the rest of Levee sees it: reads, whole transactions, lanes for batches, snapshots.

import type { Kysely, Transaction } from 'kysely'
import type { LaneWrite, Row, Select, Write } from './statements.ts'

export type Dialect = 'sqlite' | 'mysql'

/** The right to write: only a transaction of the ledger hands it out. */
export type Tx<Tables> = Transaction<Tables>

/** One connection of its own for batches: a locking read, a decision in memory, one write with its commit. */
export interface Lane {
  /**
   * Round trip one: BEGIN and `reads` (result sets in the same order). Then `decide` says what to write;
   * round trip two writes and commits. Nothing to write: rolled back without waiting for it.
   * Throws LedgerUnavailable (nothing written), CommitUnknown, or the engine's error (rolled back).
   */
  transact(reads: readonly Select[], decide: (sets: readonly Row[][]) => readonly Write[]): Promise<void>
  /**
   * One round trip: locks the rows that `locks` names without waiting, writes, commits. The writes carry the
   * versions that were expected. Throws as `transact` does; a conflict or a failed guard means that somebody
   * else was there, and nothing is left of it.
   *
   * While `chains` another attempt may follow before this one has ended: it is tried if this one is committed, and
   * otherwise rejects with Behind, nothing written. Attempts end in order. `transact` waits until all have ended.
   */
  attempt(locks: readonly Select[], writes: readonly LaneWrite[]): Promise<void>
  /** An attempt is under way, and another one may follow it at once. */
  readonly chains: boolean
  /** Reads outside any transaction. */
  read(reads: readonly Select[]): Promise<Row[][]>
  close(): Promise<void>
}

/** The attempt before it failed, so this one was not tried: nothing of it was written. */
export class Behind extends Error {
  override readonly name = 'Behind'
}

export interface Ledger {
  readonly dialect: Dialect
  /** Reads of committed rows, without locks. Never used to decide a write. */
  reads<Tables>(): Kysely<Tables>
  /**
   * One transaction, retried whole on a conflict (bounded). Locking reads come first in `work`; it may run
   * more than once, so it must have no effects of its own. Throwing rolls back.
   */
  write<Tables, R>(work: (tx: Tx<Tables>) => Promise<R>): Promise<R>
  /** A lane with its own connection. `name` is for logs and metrics. */
  lane(name: string): Lane
  /** All reads of `work` see one state of the ledger. */
  snapshot<Tables, R>(work: (tx: Tx<Tables>) => Promise<R>): Promise<R>
  /** For schema changes only. */
  migrator(): Kysely<unknown>
  /** Writes something small by itself: tells of the ledger's health what it finds. Rejects when that failed. */
  probe(): Promise<void>
  /** From where `reads` reads from now on; what is under way at a primary that is left rejects with LedgerUnavailable. No replica: from the primary. */
  readFrom(source: 'primary' | 'replica'): void
  /** Up to which moment (epoch ms) everything is known to be in what `reads` reads now: of the primary, `now`. */
  currentTo(now: number): Promise<number>
  /** Resolves when the ledger answers; rejects with LedgerUnavailable within a bound. */
  ping(): Promise<void>
  /** Connections: in use, free, waiting for one. SQLite: its one writer. */
  pool(): { used: number; idle: number; waiting: number }
  close(): Promise<void>
}

/** Bound for retrying a whole transaction on a conflict: more than this many losses in a row is a hot spot to redesign. */
export const CONFLICT_RETRIES = 5

/** Pause before retry number `attempt` (from 1), ms: grows, with jitter so that rivals part. */
export function conflictPause(attempt: number, random: number): number {
  return Math.min(2 ** attempt, 32) * (0.5 + random)
}
