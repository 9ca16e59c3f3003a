import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ADMIN, BOOK, CLOUD, contactOf, DBA, LEAD, MANAGER, MONDAY } from '../../tests/support/alerts.ts'
import { LEVELS } from '../level.ts'
import { EVERYONE } from './contacts.ts'
import { AREAS, KINDS } from './message.ts'
import { inPlaceOf, onCall, peopleFor, recipientsOn, suppliersOf } from './on-call.ts'
import {
  BY_FAMILY,
  BY_LEVEL,
  CHANNELS,
  type ChannelName,
  carries,
  channelsFor,
  type Family,
  onlyConfigured,
  standIns,
} from './routes.ts'

const ALL = new Set(CHANNELS)
const ids = (contacts: readonly { readonly id: string }[]) => contacts.map(({ id }) => id)

describe('by level', () => {
  test.each([
    ['warning', ['slack']],
    ['critical', ['pagerduty', 'sms']],
    ['emergency', ['pagerduty', 'sms', 'call', 'email']],
  ] as const)('%s goes to %s', (level, channels) => {
    for (const family of [null, ...(Object.keys(BY_FAMILY) as Family[])])
      expect(channelsFor(level, family, { byFamily: false })).toEqual(channels)
  })

  test('an emergency leaves nothing out that a critical one uses', () => {
    for (const channel of BY_LEVEL.critical) expect(BY_LEVEL.emergency).toContain(channel)
  })
})

describe('by family, where it is turned on', () => {
  test('is as the manual draws it', () => {
    const on = { byFamily: true }
    expect(channelsFor('critical', 'payment', on)).toEqual(['email'])
    expect(channelsFor('warning', 'response-time', on)).toEqual(['pagerduty'])
    expect(channelsFor('critical', null, on)).toEqual(['pagerduty', 'sms'])
    expect(channelsFor('critical', 'payment', { ...on, families: { payment: 'sms' } })).toEqual(['sms'])
  })

  test('an emergency keeps its own channels', () => {
    for (const family of Object.keys(BY_FAMILY) as Family[])
      for (const channel of BY_LEVEL.emergency)
        expect(channelsFor('emergency', family, { byFamily: true })).toContain(channel)
  })
})

test('whatever is set up, each level is told somewhere that people read, if there is such a place', () => {
  fc.assert(
    fc.property(fc.subarray([...CHANNELS]), fc.constantFrom(...LEVELS), (configured, level) => {
      const chosen = onlyConfigured(channelsFor(level, null, { byFamily: false }), new Set(configured))
      for (const channel of chosen) expect(configured).toContain(channel)
      // From a call or a message each other channel for people can stand in, and so on.
      const people = configured.filter(channel => channel !== 'webhook' && channel !== 'call')
      if (people.length > 0) expect(chosen).not.toEqual([])
    }),
  )
})

test('a stand-in carries that kind, is set up and is another one', () => {
  for (const channel of CHANNELS)
    for (const kind of KINDS)
      for (const other of standIns(channel, kind, new Set<ChannelName>(['email', 'sms', channel]))) {
        expect(['email', 'sms']).toContain(other)
        expect(other).not.toBe(channel)
        expect(carries(other, kind)).toBe(true)
      }
})

describe('who is asked', () => {
  test.each([
    ['infrastructure', 'admin'],
    ['database', 'dba'],
    ['application', 'lead'],
    ['security', 'admin'],
  ] as const)('for %s: %s first, then the operations manager', (area, first) => {
    expect(ids(onCall(BOOK, area, MONDAY))).toEqual([first, 'manager'])
  })

  test('those on duty first, by their order; the others after them, and nobody is left out', () => {
    const night = { days: ['mon'] as const, from: 0, to: 60 }
    const second = contactOf('second', ['system-administrator'], { order: 2 })
    const book = { ...BOOK, contacts: [second, { ...ADMIN, hours: night }, MANAGER] }
    expect(ids(onCall(book, 'infrastructure', MONDAY))).toEqual(['second', 'manager', 'admin'])
    const both = { ...BOOK, contacts: [second, ADMIN, MANAGER] }
    expect(ids(onCall(both, 'infrastructure', MONDAY))).toEqual(['admin', 'second', 'manager'])
  })

  test('suppliers are shown, and told by themselves only where the file says so', () => {
    expect(ids(suppliersOf(BOOK, 'infrastructure'))).toEqual(['cloud'])
    expect(suppliersOf(BOOK, 'application')).toEqual([])
    const book = { ...BOOK, contacts: [ADMIN, MANAGER, { ...CLOUD, automatic: true }] }
    expect(ids(onCall(book, 'infrastructure', MONDAY))).toEqual(['admin', 'manager', 'cloud'])
  })

  test('each step adds one, and whoever was asked stays asked', () => {
    expect(ids(peopleFor(BOOK, 'database', 'critical', 0, MONDAY))).toEqual(['dba'])
    expect(ids(peopleFor(BOOK, 'database', 'critical', 1, MONDAY))).toEqual(['dba', 'manager'])
    fc.assert(
      fc.property(fc.constantFrom(...AREAS), fc.nat(4), (area, step) => {
        const before = ids(peopleFor(BOOK, area, 'critical', step, MONDAY))
        expect(ids(peopleFor(BOOK, area, 'critical', step + 1, MONDAY)).slice(0, before.length)).toEqual(
          before,
        )
      }),
    )
  })

  test('in an emergency the whole team is, each once', () => {
    const told = ids(peopleFor(BOOK, 'database', 'emergency', 1, MONDAY))
    expect(told.toSorted()).toEqual(['admin', 'dba', 'lead', 'manager'])
    expect(told[0]).toBe('dba')
  })
})

describe('on which ways', () => {
  test('a shared channel once, the others for each person', () => {
    expect(recipientsOn(['slack', 'sms'], [ADMIN, DBA], 'opened', ALL)).toEqual([
      { channel: 'slack', contact: EVERYONE },
      { channel: 'sms', contact: 'admin' },
      { channel: 'sms', contact: 'dba' },
    ])
  })

  test('whoever has no phone is told by mail', () => {
    const writer = { ...LEAD, dial: null }
    expect(recipientsOn(['pagerduty', 'sms'], [writer], 'opened', ALL)).toEqual([
      { channel: 'pagerduty', contact: EVERYONE },
      { channel: 'email', contact: 'lead' },
    ])
  })

  test('telephones carry no changes of numbers', () => {
    expect(recipientsOn(['sms', 'call', 'email'], [ADMIN], 'updated', ALL)).toEqual([
      { channel: 'email', contact: 'admin' },
    ])
  })

  test('a stand-in tells the same person, or the first who can be reached', () => {
    expect(inPlaceOf(BOOK, 'dba', 'infrastructure', 'call', MONDAY)).toEqual({
      channel: 'call',
      contact: 'dba',
    })
    expect(inPlaceOf(BOOK, 'cloud', 'infrastructure', 'email', MONDAY)).toEqual({
      channel: 'email',
      contact: 'admin',
    })
    expect(inPlaceOf(BOOK, EVERYONE, 'database', 'sms', MONDAY)).toEqual({ channel: 'sms', contact: 'dba' })
    expect(inPlaceOf(BOOK, 'dba', 'database', 'slack', MONDAY)).toEqual({
      channel: 'slack',
      contact: EVERYONE,
    })
    expect(inPlaceOf({ ...BOOK, contacts: [] }, 'dba', 'database', 'sms', MONDAY)).toBeNull()
  })
})
