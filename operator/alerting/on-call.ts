// Who is told of which kind of incident (manual, E4), and in which order they are asked. Pure.

import type { Level } from '../level.ts'
import { type Contact, type ContactBook, EVERYONE, isOnDuty, type Role } from './contacts.ts'
import type { Area, Kind } from './message.ts'
import { type ChannelName, carries, SHARED } from './routes.ts'

const IN_CHARGE: Readonly<Record<Area, Role>> = {
  infrastructure: 'system-administrator',
  database: 'database-administrator',
  application: 'development-lead',
  // The manual names a supplier for security, and nobody of the house: servers and accesses are the administrator's.
  security: 'system-administrator',
}
const SUPPLIER: Readonly<Record<Area, Role | null>> = {
  infrastructure: 'cloud-supplier',
  database: 'database-supplier',
  application: null,
  security: 'security-supplier',
}

/**
 * Who is asked, one after the other: those in charge of the area, whoever co-ordinates all, and suppliers that are told by
 * themselves. Those on duty come first. Nobody is left out for the hour: when they do not answer, the others are asked.
 */
export function onCall(book: ContactBook, area: Area, at: number): readonly Contact[] {
  const roles = [IN_CHARGE[area], 'operations-manager' as const, SUPPLIER[area]]
  const all = roles.flatMap(role =>
    role === null
      ? []
      : book.contacts
          .filter(contact => contact.automatic && contact.roles.includes(role))
          .sort((a, b) => a.order - b.order),
  )
  const onDuty = (contact: Contact): boolean => isOnDuty(contact, at, book.timeZone)
  return [...new Set([...all.filter(onDuty), ...all.filter(contact => !onDuty(contact))])]
}

/** Suppliers of the area, to be shown. */
export function suppliersOf(book: ContactBook, area: Area): readonly Contact[] {
  const role = SUPPLIER[area]
  return role === null ? [] : book.contacts.filter(({ roles }) => roles.includes(role))
}

/**
 * The people of one telling. `step`: how many time limits went by without an acknowledgement, from 0. Whoever was told stays
 * told. In an emergency the whole team is, whatever the hour.
 */
export function peopleFor(
  book: ContactBook,
  area: Area,
  level: Level,
  step: number,
  at: number,
): readonly Contact[] {
  const asked = onCall(book, area, at).slice(0, step + 1)
  if (level !== 'emergency') return asked
  const team = book.contacts.filter(({ id }) => book.emergencyTeam.includes(id))
  return [...new Set([...asked, ...team])]
}

/** Where a channel reaches this contact, or null. Shared channels need no address. */
export function addressOf(channel: ChannelName, contact: Contact): string | null {
  if (SHARED.has(channel)) return EVERYONE
  return channel === 'email' ? contact.email : contact.dial
}

export interface Recipient {
  readonly channel: ChannelName
  /** A contact's id, or `everyone` on a channel that is shared. */
  readonly contact: string
}

/** Ways to one person, the most noticeable first. */
const PERSONAL: readonly ChannelName[] = ['sms', 'call', 'email']

/**
 * Each pair once: shared channels for everyone, the others for each person whom they reach. Whoever none of them reaches is told
 * in another way of theirs.
 */
export function recipientsOn(
  channels: readonly ChannelName[],
  people: readonly Contact[],
  kind: Kind,
  configured: ReadonlySet<ChannelName>,
): readonly Recipient[] {
  const carrying = channels.filter(channel => configured.has(channel) && carries(channel, kind))
  const personal = carrying.filter(channel => !SHARED.has(channel))
  const shared = carrying.filter(channel => SHARED.has(channel))
  const reach = (contact: Contact, among: readonly ChannelName[]): ChannelName[] =>
    among.filter(channel => addressOf(channel, contact) !== null)
  const forPerson = (contact: Contact): readonly ChannelName[] => {
    if (personal.length === 0) return []
    const reached = reach(contact, personal)
    if (reached.length > 0) return reached
    const others = PERSONAL.filter(channel => configured.has(channel) && carries(channel, kind))
    return reach(contact, others).slice(0, 1)
  }
  return [
    ...shared.map(channel => ({ channel, contact: EVERYONE })),
    ...people.flatMap(contact => forPerson(contact).map(channel => ({ channel, contact: contact.id }))),
  ]
}

/** Whom a stand-in channel tells in place of this contact: the same person, or whoever is asked first and can be reached. */
export function inPlaceOf(
  book: ContactBook,
  contactId: string,
  area: Area,
  channel: ChannelName,
  at: number,
): Recipient | null {
  if (SHARED.has(channel)) return { channel, contact: EVERYONE }
  const own = book.contacts.filter(({ id }) => id === contactId)
  const found = [...own, ...onCall(book, area, at)].find(contact => addressOf(channel, contact) !== null)
  return found === undefined ? null : { channel, contact: found.id }
}
