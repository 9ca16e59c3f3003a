import type { DomainEvent } from './event.ts'

/** Who wants to hear of which events. */
export interface Consumer {
  /** Unique and for ever: the inbox remembers under this name (at most 40 characters). */
  readonly name: string
  readonly types: readonly string[]
  /**
   * Takes a batch, in order per key. Its effect and its inbox rows are one transaction (`freshEvents`), so a
   * repeat changes nothing. Throwing means: none of it happened; the relay then tries one by one.
   */
  handle(events: readonly DomainEvent[]): Promise<void>
  /**
   * For a consumer that only turns each event into a row, in whatever order: the same as one statement, which the
   * relay runs in the transaction that deletes the events. What fails there is handed to `handle`.
   */
  readonly copy?: EventCopy
}

export interface EventCopy {
  /** Where the rows go. */
  readonly table: string
  /**
   * Each column's value as SQL that every engine takes, out of the outbox's columns (event_key, version, type,
   * payload, created_at) and of the payload's fields.
   */
  columns(field: (name: string) => string): Readonly<Record<string, string>>
  /** Which events make a row, likewise. */
  where(field: (name: string) => string): string
}
