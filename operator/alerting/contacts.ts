// Who can be told (manual, E4): people and suppliers by role, with their hours and their numbers.

import type { Language } from '../texts.ts'

export type Role =
  | 'system-administrator'
  | 'database-administrator'
  | 'development-lead'
  | 'operations-manager'
  | 'cloud-supplier'
  | 'database-supplier'
  | 'security-supplier'

export const ROLES: readonly Role[] = [
  'system-administrator',
  'database-administrator',
  'development-lead',
  'operations-manager',
  'cloud-supplier',
  'database-supplier',
  'security-supplier',
]

export type Day = 'mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun'
export const DAYS: readonly Day[] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']

/** From the first minute to before the last one; `to` before `from` goes over midnight and belongs to the day it began. */
export interface Hours {
  readonly days: readonly Day[]
  /** Minute of the day. */
  readonly from: number
  readonly to: number
}

export interface Contact {
  readonly id: string
  readonly name: string
  readonly roles: readonly Role[]
  readonly language: Language
  /** Asked in this order, lowest first. */
  readonly order: number
  /** Null: always. */
  readonly hours: Hours | null
  /** As people write it. */
  readonly phone: string | null
  /** E.164, as a telephone company takes it: `+821012345678`. */
  readonly dial: string | null
  readonly email: string | null
  /** Slack's id of a member: `U012AB3CD`. */
  readonly slack: string | null
  /** False: shown in messages as whom to call, and told nothing by itself. */
  readonly automatic: boolean
}

export interface ContactBook {
  /** IANA name: hours are in it, and times in messages. */
  readonly timeZone: string
  /** Of what a whole team reads. */
  readonly language: Language
  readonly contacts: readonly Contact[]
  /** Who assembles in an emergency, by id. */
  readonly emergencyTeam: readonly string[]
}

/** Stands for all who read a shared channel: Slack's, PagerDuty's, a webhook's. */
export const EVERYONE = 'everyone'

export function everyone(language: Language): Contact {
  return {
    id: EVERYONE,
    name: EVERYONE,
    roles: [],
    language,
    order: 0,
    hours: null,
    phone: null,
    dial: null,
    email: null,
    slack: null,
    automatic: true,
  }
}

export function contactById(book: ContactBook, id: string): Contact | null {
  if (id === EVERYONE) return everyone(book.language)
  return book.contacts.find(contact => contact.id === id) ?? null
}

const MINUTES = 24 * 60

/** Whether this is within the hours, of the book's zone. `at`: epoch ms. */
export function isOnDuty({ hours }: Contact, at: number, timeZone: string): boolean {
  if (hours === null) return true
  const { day, minute } = localTime(at, timeZone)
  const { days, from, to } = hours
  const before = DAYS[(DAYS.indexOf(day) + 6) % 7]!
  if (from < to) return days.includes(day) && minute >= from && minute < to
  // Over midnight, or all day long where both are the same.
  return (days.includes(day) && minute >= from) || (days.includes(before) && minute < to)
}

function localTime(at: number, timeZone: string): { day: Day; minute: number } {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(at)
  const part = (name: string): string => parts.find(({ type }) => type === name)!.value
  return {
    day: part('weekday').toLowerCase() as Day,
    minute: (Number(part('hour')) * 60 + Number(part('minute'))) % MINUTES,
  }
}
