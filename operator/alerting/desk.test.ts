import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { BOOK, messageOf } from '../../tests/support/alerts.ts'
import { DeliveryBed, later } from '../../tests/support/delivery-bed.ts'
import type { Level } from '../level.ts'
import { AlertDesk, type NewCase } from './desk.ts'
import { dropSilence, saveSilence } from './desk-store.ts'
import { same } from './message.ts'
import { CHANNELS } from './routes.ts'

const MINUTE = 60_000
const { title, text, facts, links } = messageOf()
const WORDS = { title, text, facts, links }
const CASE: NewCase = { key: 'incident-7', area: 'infrastructure', family: null, words: WORDS }

let bed: DeliveryBed
let desk: AlertDesk
/** What was said to whom: nobody is seen here. */
let told: string[]
const sitDown = () =>
  new AlertDesk({
    store: bed.store,
    book: () => BOOK,
    routes: { byFamily: false },
    configured: new Set(CHANNELS),
    onTold: (key, { kind, level }, recipients) => told.push(`${key} ${kind} ${level} ${recipients.length}`),
  })
beforeEach(async () => {
  bed = await DeliveryBed.open()
  told = []
  desk = sitDown()
})
afterEach(() => bed.store.close())

const act = (work: (now: number) => void) => bed.store.transact(() => work(bed.now))
const open = (level: Level) => act(now => desk.open(CASE, level, now))

/** Lets time go by for the desk, second by second, and for the queue. */
async function pass(ms: number): Promise<void> {
  for (const end = bed.now + ms; bed.now < end; ) {
    act(now => desk.tick(now))
    await bed.run(Math.min(1_000, end - bed.now))
  }
  act(now => desk.tick(now))
  await bed.run()
}
const kinds = () => bed.seen.map(({ channel, telling }) => `${channel} ${telling.kind} ${telling.level}`)

test('from the first word to the last, each channel hears one incident', async () => {
  open('critical')
  await pass(4 * MINUTE)
  expect(kinds()).toEqual(['pagerduty opened critical', 'sms opened critical'])
  await pass(2 * MINUTE)
  act(now => desk.acknowledge(CASE.key, now))
  act(now => desk.heal(CASE.key, now))
  await pass(3 * MINUTE)
  expect(told).toEqual([
    'incident-7 opened critical 2',
    'incident-7 escalated critical 3',
    'incident-7 acknowledged critical 1',
    'incident-7 resolved critical 3',
  ])
  expect(new Set(bed.seen.map(({ telling }) => telling.key))).toEqual(new Set(['incident-7']))
  expect(desk.find(CASE.key)?.state.over).toBe(true)
})

test('one that nobody acknowledges becomes an emergency, and the team is called', async () => {
  open('critical')
  await pass(11 * MINUTE)
  expect(kinds().filter(line => line === 'call escalated emergency')).toHaveLength(4)
  expect(kinds().filter(line => line === 'email escalated emergency')).toHaveLength(4)
})

test('one that flaps is opened once and over once', async () => {
  open('warning')
  for (let turn = 0; turn < 6; turn++) {
    act(now => desk.heal(CASE.key, now))
    await pass(MINUTE)
    act(now => desk.relapse(CASE.key, now))
    await pass(10_000)
  }
  act(now => desk.heal(CASE.key, now))
  await pass(3 * MINUTE)
  expect(kinds()).toEqual(['slack opened warning', 'slack resolved warning'])
})

test('what says the same is no change; opened again it is judged', async () => {
  open('warning')
  act(now => desk.change(CASE.key, { ...WORDS }, now))
  open('warning')
  act(now => desk.change(CASE.key, { ...WORDS, text: same('Sales stand still.') }, now))
  open('critical')
  await pass(1_000)
  expect(told).toEqual([
    'incident-7 opened warning 1',
    'incident-7 updated warning 1',
    'incident-7 escalated critical 3',
  ])
  expect(bed.seen.at(-1)!.telling.text.ko).toBe('Sales stand still.')
})

describe('a silence', () => {
  const silence = { id: 's', from: 0, to: 0, by: 'dba', why: 'Redis moves' }

  test('keeps quiet until its end; what stands then is told', async () => {
    act(now => saveSilence(bed.store, { ...silence, to: now + 30 * MINUTE }))
    open('critical')
    await pass(29 * MINUTE)
    expect(told).toEqual([])
    await pass(2 * MINUTE)
    expect(told).toEqual(['incident-7 opened critical 2'])
  })

  test('that is taken back, or does not cover it, keeps nothing quiet', async () => {
    act(now => saveSilence(bed.store, { ...silence, to: now + 30 * MINUTE }))
    open('critical')
    act(() => dropSilence(bed.store, 's'))
    await pass(1_000)
    expect(told).toEqual(['incident-7 opened critical 2'])
  })

  test('keeps no emergency quiet', async () => {
    act(now => saveSilence(bed.store, { ...silence, to: now + 30 * MINUTE }))
    open('warning')
    act(now => desk.judge(CASE.key, 'emergency', now))
    expect(told).toEqual([expect.stringMatching(/^incident-7 opened emergency/)])
  })
})

test('a process that starts anew goes on where the last one was, and says nothing twice', async () => {
  bed.manners.set('sms', () => later())
  open('critical')
  await pass(2 * MINUTE)
  bed.manners.clear()
  bed.begin()
  desk = sitDown()
  await pass(4 * MINUTE)
  const pages = bed.seen.filter(({ channel, outcome }) => channel === 'pagerduty' && outcome === 'delivered')
  expect(pages.map(({ telling }) => telling.kind)).toEqual(['opened', 'escalated'])
  const messages = bed.seen.filter(({ channel, outcome }) => channel === 'sms' && outcome === 'delivered')
  expect(messages.map(({ contact, telling }) => `${contact} ${telling.kind}`).toSorted()).toEqual([
    'admin escalated',
    'admin opened',
    'manager escalated',
  ])
})

test('what is not written is not told', () => {
  expect(() =>
    bed.store.transact(() => {
      desk.open(CASE, 'critical', bed.now)
      throw new Error('no')
    }),
  ).toThrow('no')
  expect(desk.find(CASE.key)).toBeNull()
  expect(bed.states(CASE.key)).toEqual([])
})

test('a key is of one incident', async () => {
  open('warning')
  act(now => desk.close(CASE.key, now))
  expect(() => open('warning')).toThrow('has a key of its own')
  expect(() => act(now => desk.judge('another', 'warning', now))).toThrow('no incident another')
})
