// How events leave the outbox: straight to the consumers (`direct-transport.ts`) or through Kafka (`kafka-transport.ts`).

import type { Tx } from '../sql/ledger.ts'
import type { Copy } from '../sql/statements.ts'

/** One row of the outbox whose type somebody wants. */
export interface OutboxEvent {
  readonly seq: number
  readonly shard: number
  readonly key: string
  readonly version: number
  readonly type: string
  /** JSON as it stands in the outbox: a transport that forwards it need not parse it. */
  readonly payload: string
  /** When it was made true, epoch ms. */
  readonly madeAt: number
  /** How often its sending failed before, from 0. */
  readonly attempt: number
  /** The relay writes the copies of this event when it deletes it: those consumers need not hear of it. */
  readonly copied: boolean
}

/**
 * - `done`: everybody who wants it has it, or has it among the dead letters; its row may go
 * - `failed`: tried in vain; sent again after a pause that grows, and its `attempt` with it
 * - `again`: not tried, because something before it was in the way; sent again soon
 */
export type Outcome = 'done' | 'failed' | 'again'

/** `sent`: on its way. What became of it is told later, and until then nothing else of its key is sent. */
export type Sending = Outcome | 'sent'

export interface Arrival {
  readonly seq: number
  readonly outcome: Outcome
}

/** What becomes of events that were `sent`. */
export interface Arrivals {
  /** What is known since it was last asked. Events whose shard is not held any more are forgotten. */
  take(fence: Fence, holds: (shard: number) => boolean): Promise<readonly Arrival[]>
  /** `heard` is called when there is something to take. */
  listen(heard: () => void): void
  /** Nothing more is waited for. */
  stop(): void
}

/**
 * Of the shards that the relay believes to hold, those that it still holds, locked until the transaction ends.
 * What a transport writes about an event it writes behind this fence.
 */
export type Fence = (tx: Tx<unknown>) => Promise<ReadonlySet<number>>

export interface Copies {
  /** The types that are still wanted when copies are made. */
  readonly otherTypes: readonly string[]
  /** Statements for these events, numbers of the outbox; they write nothing for types that they do not want. */
  writes(seqs: readonly number[]): readonly Copy[]
  /** False where some consumer's events have to pass through its own hands: it has dead letters, or is down. */
  possible(): Promise<boolean>
}

export interface Transport {
  /** The types it wants; events of other types leave the outbox unread. */
  readonly types: readonly string[]
  /** What of that the relay may write itself. */
  readonly copies: Copies | null
  /**
   * One outcome an event, in the same order. Events of a key come in order of version and all earlier ones were
   * `done` (`sent` is not enough). Never called again before it has answered. Throws when nothing can be said of the whole batch
   * (the ledger is away): it is sent again as it is.
   */
  publish(events: readonly OutboxEvent[], fence: Fence): Promise<readonly Sending[]>
  /** The relay got shards that another one had: what is remembered of the ledger may be old. */
  shardsTaken(): void
  /** Of a transport that says `sent`. */
  readonly arrivals?: Arrivals
}
