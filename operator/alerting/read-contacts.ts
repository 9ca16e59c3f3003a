// The file of contacts: JSON, checked as a whole, with everything that is wrong in it told at once.

import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Contact, ContactBook, Day, Hours, Role } from './contacts.ts'
import { DAYS, ROLES } from './contacts.ts'
import { BY_FAMILY, CHANNELS, type Family, type RouteSettings } from './routes.ts'
import { problemsOf } from './schema-problems.ts'

const LanguageCode = Type.Enum(['ko', 'en'])
const MinuteText = Type.String({ pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$' })
/** Most contacts: a shop's teams and suppliers; more is a directory, and no list to go through at night. */
const CONTACTS_MOST = 200

const FAMILIES = Object.keys(BY_FAMILY) as Family[]
const ChannelChoice = Type.Enum([...CHANNELS])
const Routes = Type.Object(
  {
    /** Off where nothing is said. */
    byFamily: Type.Optional(Type.Boolean()),
    families: Type.Optional(
      Type.Object(Object.fromEntries(FAMILIES.map(family => [family, Type.Optional(ChannelChoice)])), {
        additionalProperties: false,
      }),
    ),
    always: Type.Optional(Type.Array(ChannelChoice, { maxItems: CHANNELS.length })),
  },
  { additionalProperties: false },
)

const ContactFile = Type.Object(
  {
    timeZone: Type.String({ minLength: 1, maxLength: 64 }),
    language: LanguageCode,
    /** Put before national numbers instead of their leading 0: `+82`. */
    countryCode: Type.String({ pattern: '^\\+[1-9][0-9]{0,2}$' }),
    contacts: Type.Array(
      Type.Object(
        {
          id: Type.String({ pattern: '^[a-z0-9-]{1,40}$' }),
          name: Type.String({ minLength: 1, maxLength: 80 }),
          roles: Type.Array(Type.Enum([...ROLES]), { minItems: 1, maxItems: 7 }),
          language: Type.Optional(LanguageCode),
          order: Type.Integer({ minimum: 1, maximum: 100 }),
          hours: Type.Optional(
            Type.Object(
              {
                days: Type.Array(Type.Enum([...DAYS]), {
                  minItems: 1,
                  maxItems: 7,
                }),
                from: MinuteText,
                to: MinuteText,
              },
              { additionalProperties: false },
            ),
          ),
          phone: Type.Optional(Type.String({ pattern: '^\\+?[0-9][0-9 -]{2,24}$' })),
          email: Type.Optional(
            Type.String({ pattern: '^[^\\s@<>(),;:"]+@[^\\s@<>(),;:"]+$', maxLength: 254 }),
          ),
          slack: Type.Optional(Type.String({ pattern: '^[UW][A-Z0-9]{2,20}$' })),
          automatic: Type.Optional(Type.Boolean()),
        },
        { additionalProperties: false },
      ),
      { minItems: 1, maxItems: CONTACTS_MOST },
    ),
    emergencyTeam: Type.Array(Type.String(), { minItems: 1, maxItems: 20 }),
    routes: Type.Optional(Routes),
  },
  { additionalProperties: false },
)
type Written = Static<typeof ContactFile>
type WrittenContact = Written['contacts'][number]

const checker = Compile(ContactFile)

export type ContactsRead =
  | { readonly ok: true; readonly book: ContactBook; readonly routes: RouteSettings }
  /** One sentence each: place and what is wrong there. */
  | { readonly ok: false; readonly problems: readonly string[] }

/** `text`: of the file. */
export function readContacts(text: string): ContactsRead {
  let written: unknown
  try {
    written = JSON.parse(text)
  } catch (error) {
    return { ok: false, problems: [`is no JSON: ${(error as Error).message}`] }
  }
  if (!checker.Check(written)) return { ok: false, problems: problemsOf(checker.Errors(written)) }
  const problems = contradictions(written)
  if (problems.length > 0) return { ok: false, problems }
  const { byFamily = false, families = {}, always = [] } = written.routes ?? {}
  return { ok: true, book: bookOf(written), routes: { byFamily, families, always } }
}

/** What each part allows and the whole does not. */
function contradictions({ timeZone, contacts, emergencyTeam, countryCode }: Written): string[] {
  const problems: string[] = []
  if (!isZone(timeZone)) problems.push(`/timeZone: "${timeZone}" is no IANA time zone`)
  const seen = new Set<string>()
  for (const [index, contact] of contacts.entries()) {
    const place = `/contacts/${index} (${contact.id})`
    if (seen.has(contact.id) || contact.id === 'everyone') problems.push(`${place}: this id is taken`)
    seen.add(contact.id)
    const { phone, email, slack } = contact
    if (phone === undefined && email === undefined && slack === undefined)
      problems.push(`${place}: has neither phone nor email nor slack, and could never be told`)
    if (phone !== undefined && dialable(phone, countryCode) === null)
      problems.push(`${place}: the phone "${phone}" makes no number of 5 to 15 digits`)
  }
  for (const [index, id] of emergencyTeam.entries()) {
    const member = contacts.find(contact => contact.id === id)
    const place = `/emergencyTeam/${index}`
    if (member === undefined) problems.push(`${place}: "${id}" is none of the contacts`)
    else if (member.phone === undefined) problems.push(`${place}: "${id}" has no phone to be called at`)
  }
  // Whoever is named for an area may be away: somebody has to be there for all of them.
  const manager = contacts.some(({ roles }) => roles.includes('operations-manager'))
  if (!manager)
    problems.push('/contacts: nobody is operations-manager, who is told when nobody else is named')
  return problems
}

function bookOf({ timeZone, language, countryCode, contacts, emergencyTeam }: Written): ContactBook {
  const contactOf = (written: WrittenContact): Contact => ({
    id: written.id,
    name: written.name,
    roles: written.roles as readonly Role[],
    language: written.language ?? language,
    order: written.order,
    hours: written.hours === undefined ? null : hoursOf(written.hours),
    phone: written.phone ?? null,
    dial: written.phone === undefined ? null : dialable(written.phone, countryCode),
    email: written.email ?? null,
    slack: written.slack ?? null,
    // Suppliers bill calls and answer on hotlines: a person decides to ring them, unless the file says otherwise.
    automatic: written.automatic ?? !written.roles.every(role => (role as Role).endsWith('-supplier')),
  })
  return { timeZone, language, contacts: contacts.map(contactOf), emergencyTeam: [...new Set(emergencyTeam)] }
}

function hoursOf({ days, from, to }: NonNullable<WrittenContact['hours']>): Hours {
  return { days: days as readonly Day[], from: minuteOf(from), to: minuteOf(to) }
}

const minuteOf = (text: string): number => Number(text.slice(0, 2)) * 60 + Number(text.slice(3))

/** E.164, or null. National numbers lose their leading 0; those without one (1588-0000) stand as they are. */
export function dialable(phone: string, countryCode: string): string | null {
  const digits = phone.replace(/[ -]/g, '')
  const full = digits.startsWith('+') ? digits : `${countryCode}${digits.replace(/^0/, '')}`
  return /^\+[1-9][0-9]{4,14}$/.test(full) ? full : null
}

function isZone(timeZone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-GB', { timeZone }).resolvedOptions().timeZone !== ''
  } catch {
    return false // RangeError is how Intl says that it does not know the zone
  }
}
