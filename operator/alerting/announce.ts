// Tells of an incident: decides who hears of it by which channel, and puts it into the queue, inside the caller's transaction.

import type { SmallStore } from '../../platform/store/small-store.ts'
import type { Contact, ContactBook } from './contacts.ts'
import { waysOf } from './delivery-store.ts'
import { enqueue } from './enqueue.ts'
import { type Fact, type Kind, type Message, same } from './message.ts'
import { peopleFor, type Recipient, recipientsOn, suppliersOf } from './on-call.ts'
import {
  type ChannelName,
  carries,
  channelsFor,
  type Family,
  onlyConfigured,
  type RouteSettings,
} from './routes.ts'
import { WORDS } from './words.ts'

export interface Announcing {
  readonly store: SmallStore
  readonly book: ContactBook
  readonly routes: RouteSettings
  readonly configured: ReadonlySet<ChannelName>
}

/** What looks for new ears. All else goes to those who have heard of the incident before. */
const SPREADS: ReadonlySet<Kind> = new Set<Kind>(['opened', 'escalated', 'reminder'])

/**
 * `step`: of the escalation. Returns who is told; empty means that nobody can be, which is for the caller to show.
 */
export function announce(
  { store, book, routes, configured }: Announcing,
  message: Message,
  family: Family | null,
  step: number,
  now: number,
): readonly Recipient[] {
  const { key, kind, level, area } = message
  const ways = waysOf(store, key).filter(({ channel }) => configured.has(channel) && carries(channel, kind))
  const spreads = SPREADS.has(kind)
  const people = spreads ? peopleFor(book, area, level, step, now) : []
  const channels = onlyConfigured(channelsFor(level, family, routes), configured)
  const recipients = unique([...(spreads ? recipientsOn(channels, people, kind, configured) : []), ...ways])
  const facts = [...message.facts, ...factsOf(book, message, people)]
  const mentions = people.flatMap(({ slack }) => (slack === null ? [] : [slack]))
  enqueue(store, { ...message, facts }, recipients, now, mentions)
  return recipients
}

/** Who is asked, and whom they may call in. */
function factsOf(book: ContactBook, { level, area }: Message, people: readonly Contact[]): Fact[] {
  if (people.length === 0) return []
  const inCharge = { label: WORDS.inCharge, value: same(people.map(({ name }) => name).join(', ')) }
  const suppliers = level === 'warning' ? [] : suppliersOf(book, area)
  return [
    inCharge,
    ...suppliers.map(({ name, phone, email }) => ({
      label: WORDS.supplier,
      value: same([name, phone ?? email ?? ''].join(' ').trim()),
    })),
  ]
}

function unique(recipients: readonly Recipient[]): readonly Recipient[] {
  return [...new Map(recipients.map(way => [`${way.channel} ${way.contact}`, way])).values()]
}
