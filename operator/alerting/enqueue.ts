// Puts a telling into the queue. Called inside the transaction of what caused it, so that both are there or neither.

import type { SmallStore } from '../../platform/store/small-store.ts'
import { addDeliveries, dropUnsent, supersede } from './delivery-store.ts'
import { bounded, type Kind, type Message } from './message.ts'
import type { Recipient } from './on-call.ts'

/** What a later telling makes needless, as far as it is unsent. An opening is always told: the rest refers to it. */
const REPLACES: Readonly<Record<Kind, readonly Kind[]>> = {
  opened: [],
  updated: ['updated'],
  acknowledged: ['reminder'],
  escalated: ['updated', 'reminder'],
  reminder: ['reminder'],
  resolved: ['updated', 'reminder', 'acknowledged'],
}

/** Returns how many deliveries were added: none the second time. `mentions`: Slack's ids of members. */
export function enqueue(
  store: SmallStore,
  message: Message,
  recipients: readonly Recipient[],
  now: number,
  mentions: readonly string[] = [],
): number {
  const kept = bounded(message)
  const added = addDeliveries(store, { message: kept, mentions }, recipients, now)
  if (added > 0) supersede(store, kept, REPLACES[kept.kind], now)
  // Nobody is called at night about what is over.
  if (kept.kind === 'resolved') dropUnsent(store, kept.key, 'call', `over: ${kept.id}`, now)
  return added
}
