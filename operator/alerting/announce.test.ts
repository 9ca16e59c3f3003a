import { afterEach, beforeEach, expect, test } from 'vitest'
import { ADMIN, BOOK, MANAGER, messageOf } from '../../tests/support/alerts.ts'
import { DeliveryBed } from '../../tests/support/delivery-bed.ts'
import { announce } from './announce.ts'
import type { Message } from './message.ts'
import { CHANNELS, type ChannelName } from './routes.ts'

let bed: DeliveryBed
let configured: ReadonlySet<ChannelName>
beforeEach(async () => {
  bed = await DeliveryBed.open()
  configured = new Set(CHANNELS)
})
afterEach(() => bed.store.close())

/** Tells, sends, and says on which ways. */
async function tell(fields: Partial<Message>, step = 0, book = BOOK): Promise<string[]> {
  const before = bed.delivered.length
  const places = { store: bed.store, book, routes: { byFamily: false }, configured }
  const recipients = bed.store.transact(() => announce(places, messageOf(fields), null, step, bed.now))
  await bed.run()
  const delivered = bed.delivered.slice(before).map(line => line.split(' ').slice(0, 2).join(' '))
  expect(delivered.toSorted()).toEqual(
    recipients.map(({ channel, contact }) => `${channel} ${contact}`).toSorted(),
  )
  return delivered
}

test('a warning goes to Slack, names who looks, and gets its end there', async () => {
  expect(await tell({ id: '1', level: 'warning' })).toEqual(['slack everyone'])
  expect(bed.seen[0]!.telling.mentions).toEqual([ADMIN.slack])
  expect(bed.seen[0]!.telling.facts.at(-1)).toMatchObject({ label: { ko: '담당' }, value: { ko: 'admin' } })
  expect(await tell({ id: '2', level: 'warning', kind: 'resolved' })).toEqual(['slack everyone'])
})

test('what is worse spreads, and whatever was opened anywhere is closed there', async () => {
  await tell({ id: '1', level: 'warning' })
  expect(await tell({ id: '2', kind: 'escalated' })).toEqual([
    'pagerduty everyone',
    'sms admin',
    'slack everyone',
  ])
  expect(await tell({ id: '3', kind: 'escalated' }, 1)).toEqual([
    'pagerduty everyone',
    'sms admin',
    'sms manager',
    'slack everyone',
  ])
  const emergency = await tell({ id: '4', kind: 'escalated', level: 'emergency' }, 2)
  expect(emergency.filter(way => way.startsWith('call')).toSorted()).toEqual([
    'call admin',
    'call dba',
    'call lead',
    'call manager',
  ])
  const over = await tell({ id: '5', kind: 'resolved', level: 'emergency' })
  for (const way of ['slack everyone', 'pagerduty everyone', 'sms manager', 'email dba'])
    expect(over).toContain(way)
  expect(over.some(way => way.startsWith('call'))).toBe(false)
})

test('changes and acknowledgements look for no new ears', async () => {
  await tell({ id: '1' })
  expect(await tell({ id: '2', kind: 'updated' })).toEqual(['pagerduty everyone'])
  expect(await tell({ id: '3', kind: 'acknowledged' })).toEqual(['pagerduty everyone'])
  expect(await tell({ id: '4', kind: 'updated', key: 'never told' })).toEqual([])
})

test('where the channels of a level are not set up, others are told', async () => {
  configured = new Set<ChannelName>(['slack'])
  expect(await tell({ id: '1', level: 'emergency' })).toEqual(['slack everyone'])
  configured = new Set()
  expect(await tell({ id: '2', level: 'emergency' })).toEqual([])
})

test('suppliers to call are named from critical on', async () => {
  await tell({ id: '1', level: 'warning' })
  await tell({ id: '2', kind: 'escalated' })
  const values = bed.seen.map(({ telling }) => telling.facts.map(({ value }) => value.en))
  expect(values[0]).not.toContain('cloud 1588-0000')
  for (const facts of values.slice(1)) expect(facts).toContain('cloud 1588-0000')
})

test('who answers for all is told where nobody else is named', async () => {
  expect(await tell({ id: '1', area: 'database' }, 0, { ...BOOK, contacts: [MANAGER] })).toEqual([
    'pagerduty everyone',
    'sms manager',
  ])
})
