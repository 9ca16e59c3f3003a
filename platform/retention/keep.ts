// How long the platform keeps what it keeps.

const DAY_MS = 86_400_000

/**
 * Inbox rows, ms after their last change. Once a row is gone, an old event delivered again would take effect
 * again (counted twice in the ranking), so this must exceed the longest time after which an event can still
 * arrive a second time:
 * - from the outbox: seconds after a relay died; as long as the shop was down, if all died. While the outbox
 *   holds an event half this old, nothing is deleted;
 * - from the dead letters: up to `DEAD_LETTERS_MS`. Rows whose key has letters stay;
 * - from the topic of events: 3 days (`EVENTS_KEEP_MS`), or the 7 that Kafka keeps where somebody else has made it.
 *   One day on top.
 */
export const INBOX_MS = 8 * DAY_MS
/** Dead letters, ms: a quarter of a year in which somebody can mend the consumer and replay them. */
export const DEAD_LETTERS_MS = 90 * DAY_MS
/** The audit trail, ms: a year, and a month to look back on it. */
export const AUDIT_MS = 400 * DAY_MS
