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
}
