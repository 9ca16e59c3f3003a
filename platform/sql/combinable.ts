// What a module tells the combiner: which rows its requests need, and how they are decided. All of it pure.

import type { Call } from '../contract/call.ts'
import type { Result } from '../contract/result.ts'
import type { DomainEvent } from '../events/event.ts'
import type { Row, Select, Write } from './statements.ts'

/** What became of one request of a batch. `parked`: a row it needs is held by somebody else. */
export type Outcome<Res> =
  | { readonly result: Result<Res>; readonly events?: readonly DomainEvent[]; readonly audit?: AuditNote }
  | 'parked'

/** What the audit trail says of an act, when staff or a channel did it. */
export interface AuditNote {
  readonly subject: string
  readonly detail: Readonly<Record<string, unknown>>
}

export interface Decision<Res> {
  /** One a request, in the same order. */
  readonly outcomes: readonly Outcome<Res>[]
  readonly writes: readonly Write[]
}

/** The moment of a decision. */
export interface BatchContext {
  /** Epoch milliseconds. */
  readonly now: number
  /** True where a row that is not returned does not exist, because nobody else can hold it (SQLite). */
  readonly missingMeansAbsent: boolean
  /** Which requests were parked before: their rows' existence was asked for too. */
  readonly retried: readonly boolean[]
}

/** A family of requests that share rows. `reads` and `decide` are pure. */
export interface Combinable<Req, Res> {
  readonly name: string
  /** Locking reads for these requests. `retried[i]`: it was parked before, so ask whether its rows exist at all. */
  reads(requests: readonly Req[], retried: readonly boolean[]): readonly Select[]
  decide(
    requests: readonly Req[],
    calls: readonly Call[],
    sets: readonly Row[][],
    context: BatchContext,
  ): Decision<Res>
  /** Absent: every batch is decided under locks. */
  readonly memory?: Memory<Req, Res>
}

/**
 * What a family remembers of the rows it wrote last, so that the next batch can be decided while the previous
 * one commits, and be written in one round trip. It is never trusted: its writes carry the versions it
 * expects, and anything but a plain "yes" is decided again under locks.
 */
export interface Memory<Req, Res> {
  /** Can this be decided on rows remembered? */
  knows(request: Req): boolean
  /** Decides on the rows remembered. A refusal leaves them as they are. */
  decide(request: Req, call: Call, now: number): Outcome<Res>
  /** What changed since the last time: rows to lock, writes. From here on it counts as written. */
  flush(): { locks: readonly Select[]; writes: readonly Write[] }
  /** The batch that `decide` of the family saw last is committed: its rows are known now. */
  learn(): void
  /** Somebody else was there: nothing is known any more. */
  forget(): void
}
