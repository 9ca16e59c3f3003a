import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { isOnDuty } from './contacts.ts'
import { dialable, readContacts } from './read-contacts.ts'

const EXAMPLE = readFileSync(
  path.resolve(import.meta.dirname, '../../docs/examples/contacts.example.json'),
  'utf8',
)
interface Written {
  contacts: Record<string, unknown>[]
  emergencyTeam: string[]
  [name: string]: unknown
}
const changed = (change: (written: Written) => void): string => {
  const written = JSON.parse(EXAMPLE) as Written
  change(written)
  return JSON.stringify(written)
}
const problems = (text: string): readonly string[] => {
  const read = readContacts(text)
  return read.ok ? [] : read.problems
}

test('the example carries the numbers of the manual, by role', () => {
  const read = readContacts(EXAMPLE)
  if (!read.ok) throw new Error(read.problems.join('\n'))
  const { contacts, emergencyTeam } = read.book
  expect(contacts.map(({ roles, phone, dial, automatic }) => [roles[0], phone, dial, automatic])).toEqual([
    ['system-administrator', '010-1234-5678', '+821012345678', true],
    ['database-administrator', '010-2345-6789', '+821023456789', true],
    ['development-lead', '010-3456-7890', '+821034567890', true],
    ['operations-manager', '010-4567-8901', '+821045678901', true],
    ['cloud-supplier', '1588-0000', '+8215880000', false],
    ['database-supplier', '1588-1111', '+8215881111', false],
    ['security-supplier', '1588-2222', '+8215882222', false],
  ])
  expect(emergencyTeam).toHaveLength(4)
})

test.each<[string, (written: Written) => void, RegExp]>([
  [
    'an unknown role',
    w => (w.contacts[0]!.roles = ['boss']),
    /^\/contacts\/0\/roles\/0: must be one of system-administrator, /,
  ],
  ['an unknown field', w => (w.contacts[1]!.pager = '1'), /^\/contacts\/1\/pager: is not a known field$/],
  ['a missing field', w => delete w.contacts[1]!.name, /^\/contacts\/1\/name: is required$/],
  [
    'an id twice',
    w => (w.contacts[1]!.id = w.contacts[0]!.id),
    /^\/contacts\/1 \(system-administrator\): this id is taken$/,
  ],
  ['the id of all', w => (w.contacts[4]!.id = 'everyone'), /everyone\): this id is taken/],
  [
    'nobody to be reached',
    w => delete w.contacts[4]!.phone,
    /^\/contacts\/4 \(cloud-supplier\): has neither phone nor/,
  ],
  [
    'a strange team',
    w => w.emergencyTeam.push('nobody'),
    /^\/emergencyTeam\/4: "nobody" is none of the contacts$/,
  ],
  [
    'a team without phone',
    w => delete w.contacts[0]!.phone,
    /^\/emergencyTeam\/0: "system-administrator" has no phone/,
  ],
  ['no team', w => (w.emergencyTeam = []), /^\/emergencyTeam: /],
  ['no zone', w => (w.timeZone = 'Asia/Atlantis'), /^\/timeZone: "Asia\/Atlantis" is no IANA time zone$/],
  [
    'no hour',
    w => (w.contacts[0]!.hours = { days: ['mon'], from: '9:00', to: '24:00' }),
    /^\/contacts\/0\/hours\/from: /,
  ],
  ['nobody for all', w => w.contacts.splice(3, 1), /nobody is operations-manager/],
  ['a number too long', w => (w.contacts[0]!.phone = '010-1234-5678-9012-34'), /makes no number/],
  ['two addresses', w => (w.contacts[0]!.email = 'a@b.c,d@e.f'), /^\/contacts\/0\/email: /],
])('%s is told with its place', (_what, change, expected) => {
  expect(problems(changed(change))).toEqual(expect.arrayContaining([expect.stringMatching(expected)]))
})

test('routes by metric are off until the file turns them on', () => {
  const routes = (change: (written: Written) => void) => readContacts(changed(change))
  expect(routes(() => {})).toMatchObject({ routes: { byFamily: false, families: {}, always: [] } })
  const on = { byFamily: true, families: { payment: 'sms' }, always: ['webhook'] }
  expect(routes(w => (w.routes = on))).toMatchObject({ ok: true, routes: on })
  expect(problems(changed(w => (w.routes = { families: { tea: 'sms' } })))).toEqual([
    '/routes/families/tea: is not a known field',
  ])
  expect(problems(changed(w => (w.routes = { families: { payment: 'pigeon' } })))).toEqual([
    expect.stringMatching(/^\/routes\/families\/payment: must be one of slack, /),
  ])
})

test('what is no JSON, or something else altogether, is told', () => {
  expect(problems('{')).toEqual([expect.stringMatching(/^is no JSON: /)])
  for (const text of ['null', '[]', '1', '"x"']) expect(problems(text)).not.toEqual([])
})

test.each([
  ['010-1234-5678', '+82', '+821012345678'],
  ['+44 20 7946 0000', '+82', '+442079460000'],
  ['1588-0000', '+82', '+8215880000'],
  ['12', '+82', null],
  ['+0123456', '+82', null],
])('%s is dialled as %s %s', (phone, country, dial) => {
  expect(dialable(phone, country)).toBe(dial)
})

test('hours are those of the zone, over midnight too', () => {
  const contact = (days: string[], from: string, to: string) => {
    const read = readContacts(changed(w => (w.contacts[0]!.hours = { days, from, to })))
    if (!read.ok) throw new Error(read.problems.join())
    return read.book.contacts[0]!
  }
  // Monday 2026-11-23 in Seoul, which is nine hours ahead.
  const seoul = (day: number, hour: number, minute = 0) => Date.UTC(2026, 10, 22 + day, hour - 9, minute)
  const onDuty = (days: string[], from: string, to: string, at: number) =>
    isOnDuty(contact(days, from, to), at, 'Asia/Seoul')
  expect(onDuty(['mon'], '09:00', '18:00', seoul(1, 9))).toBe(true)
  expect(onDuty(['mon'], '09:00', '18:00', seoul(1, 8, 59))).toBe(false)
  expect(onDuty(['mon'], '09:00', '18:00', seoul(1, 18))).toBe(false)
  expect(onDuty(['mon'], '09:00', '18:00', seoul(2, 10))).toBe(false)
  expect(onDuty(['mon'], '22:00', '06:00', seoul(1, 23))).toBe(true)
  expect(onDuty(['mon'], '22:00', '06:00', seoul(2, 5, 59))).toBe(true)
  expect(onDuty(['mon'], '22:00', '06:00', seoul(1, 5))).toBe(false)
  expect(onDuty(['sun'], '22:00', '06:00', seoul(1, 0))).toBe(true)
  expect(onDuty(['mon'], '00:00', '00:00', seoul(1, 0))).toBe(true)
  expect(onDuty(['mon'], '00:00', '00:00', seoul(2, 0))).toBe(false)
})
