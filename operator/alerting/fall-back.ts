// When a channel does not get a telling through, the next one is told as well. The first goes on trying: whatever groups there by the
// incident has to hear of it in the end.

import type { SmallStore } from '../../platform/store/small-store.ts'
import type { Level } from '../level.ts'
import type { ContactBook } from './contacts.ts'
import {
  addDeliveries,
  channelsOf,
  type Delivery,
  keptMessage,
  levelOf,
  markFellBack,
  toldLater,
  upTo,
  withoutSecondWay,
} from './delivery-store.ts'
import { inPlaceOf, type Recipient } from './on-call.ts'
import { type ChannelName, standIns } from './routes.ts'

/** How long a channel has to get one telling through, by level, ms. */
export type Patience = Readonly<Record<Level, number>>
export const PATIENCE: Patience = {
  // A warning is read during the day.
  warning: 5 * 60_000,
  // Two attempts that hang, and a pause.
  critical: 30_000,
  // One attempt that hangs, and a pause.
  emergency: 15_000,
}

/** Since when each channel fails, epoch ms; one that works is not in it. */
export type Troubles = ReadonlyMap<ChannelName, number>

export interface FallBackPlaces {
  readonly store: SmallStore
  readonly book: ContactBook
  readonly configured: ReadonlySet<ChannelName>
  readonly troubles: Troubles
}

/** What waits too long on a channel that fails. `started`: when this process began to send, epoch ms. */
export function overdue(
  { store, troubles }: FallBackPlaces,
  patience: Patience,
  started: number,
  now: number,
): readonly Delivery[] {
  return withoutSecondWay(store).filter(({ channel, level, created, attempts }) => {
    const since = troubles.get(channel)
    if (since === undefined) return false
    const most = patience[levelOf(level)]
    // While nobody was there to send, no channel was slow.
    if (now - Math.max(created, started) >= most) return true
    // Known to be down for long, and it has just failed once more.
    return attempts > 0 && now - since >= most
  })
}

/** When `overdue` has to look again, epoch ms; null: nothing fails. */
export function nextOverdue(
  { store, troubles }: FallBackPlaces,
  patience: Patience,
  started: number,
): number | null {
  if (troubles.size === 0) return null
  const times = withoutSecondWay(store)
    .filter(({ channel }) => troubles.has(channel))
    .map(({ created, level }) => Math.max(created, started) + patience[levelOf(level)])
  return times.length === 0 ? null : Math.min(...times)
}

/**
 * Tells the next channel too, with all that came before it on the same way, in order. Within a transaction. Returns who was
 * added; null: every other channel is down as well, ask again.
 */
export function fallBack(
  places: FallBackPlaces,
  delivery: Delivery,
  now: number,
): readonly Recipient[] | null {
  const added: Recipient[] = []
  // A row that will not be tried any more is not among those that wait.
  const waiting = upTo(places.store, delivery)
  const rows = waiting.some(({ seq }) => seq === delivery.seq) ? waiting : [...waiting, delivery]
  for (const row of rows) {
    const found = tellNext(places, row, now)
    if (found === 'all down') return added.length > 0 ? added : null
    markFellBack(places.store, row.seq)
    if (found !== null) added.push(found)
  }
  return added
}

function tellNext(
  { store, book, configured, troubles }: FallBackPlaces,
  delivery: Delivery,
  now: number,
): Recipient | 'all down' | null {
  const kept = keptMessage(store, delivery.message)
  const used = channelsOf(store, delivery.message)
  let down = 0
  for (const channel of standIns(delivery.channel, delivery.kind, configured)) {
    // It carries this telling already, or a later one.
    if (used.has(channel) || toldLater(store, delivery, channel)) {
      if (!troubles.has(channel)) return null
      continue
    }
    if (troubles.has(channel)) {
      down++
      continue
    }
    const instead = inPlaceOf(book, delivery.contact, kept.message.area, channel, now)
    if (instead === null) continue
    addDeliveries(store, kept, [instead], now)
    return instead
  }
  return down > 0 ? 'all down' : null
}
