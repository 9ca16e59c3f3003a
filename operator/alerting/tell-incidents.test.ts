import { afterEach, beforeEach, expect, it } from 'vitest'
import { openSmallStore, type SmallStore } from '../../platform/store/small-store.ts'
import { diagnose, type Symptom } from '../diagnosis/diagnose.ts'
import { HOLD_MS } from '../incidents/incident.ts'
import { IncidentDesk } from '../incidents/incident-desk.ts'
import { incidentSteps } from '../incidents/incident-store.ts'
import type { Contact, ContactBook } from './contacts.ts'
import { DELIVERY_STEPS, deliveriesOf } from './delivery-store.ts'
import { AlertDesk } from './desk.ts'
import { DESK_STEPS, saveSilence } from './desk-store.ts'
import type { Saying } from './escalation.ts'
import { ESCALATION } from './escalation.ts'
import type { ChannelName } from './routes.ts'
import { tellAcknowledged, tellChange, tellHelpless } from './tell-incidents.ts'

const person = (id: string, role: Contact['roles'][number], order: number): Contact => ({
  ...{ id, name: id, roles: [role], language: 'ko', order, hours: null, phone: '1', dial: '+821012345678' },
  ...{ email: `${id}@example.org`, slack: null, automatic: true },
})
const book: ContactBook = {
  ...{ timeZone: 'Asia/Seoul', language: 'ko', emergencyTeam: ['dba'] },
  contacts: [
    person('admin', 'system-administrator', 1),
    person('dba', 'database-administrator', 1),
    person('ops', 'operations-manager', 2),
  ],
}
const symptom = (id: string, level: Symptom['level'] = 'critical'): Symptom => ({
  ...{ id, since: 0, level, value: 0, labels: {} },
})

let store: SmallStore
let said: Saying[]
let alerts: AlertDesk
let desk: IncidentDesk
beforeEach(async () => {
  store = await openSmallStore(':memory:', [...incidentSteps, ...DELIVERY_STEPS, ...DESK_STEPS])
  said = []
  alerts = new AlertDesk({
    ...{ store, book: () => book, routes: { byFamily: false } },
    configured: new Set<ChannelName>(['slack', 'pagerduty', 'sms', 'call', 'email']),
    onTold: (_, saying) => void said.push(saying),
  })
  desk = new IncidentDesk({ store, tell: (change, now) => tellChange(alerts, change, now) })
})
afterEach(() => store.close())

const tick = (now: number) => store.transact(() => alerts.tick(now))
const see = (now: number, ...symptoms: readonly Symptom[]) => desk.take(diagnose(symptoms), now)
const kinds = () => said.map(({ kind, level }) => `${kind} ${level}`)
const ways = (incident = 1) =>
  deliveriesOf(store, `levee-incident-${incident}`).map(
    ({ channel, contact, kind }) => `${kind} ${channel} ${contact}`,
  )

it('tells of one fault once, by its level, and of its end to whoever heard of it', () => {
  see(1_000, symptom('redis-up'))
  see(2_000, symptom('redis-up'), symptom('D4', 'warning'))
  see(3_000)
  see(3_000 + HOLD_MS)
  expect(kinds()).toEqual(['opened critical', 'resolved critical'])
  expect(ways().sort()).toEqual([
    ...['opened pagerduty everyone', 'opened sms admin', 'resolved pagerduty everyone', 'resolved sms admin'],
  ])
  const { area, words } = alerts.find('levee-incident-1')!
  expect([area, words.title.ko]).toEqual(['infrastructure', 'Redis 무응답'])
  expect(words.text.en).toContain('Sales go on')
})

it('calls the emergency team when no sale is possible', () => {
  see(1_000, symptom('D10'))
  see(2_000, symptom('D10'), symptom('ledger-up', 'emergency'))
  expect(kinds()).toEqual(['opened critical', 'escalated emergency'])
  expect(ways().filter(way => way.startsWith('escalated call'))).toEqual(['escalated call dba'])
})

it('does not page again for what comes back while it is not believed to be over', () => {
  for (let i = 0; i < 20; i++) {
    see(2_000 * i, symptom('redis-up'))
    see(2_000 * i + 1_000)
  }
  expect(kinds()).toEqual(['opened critical'])
})

it('asks the next one when nobody acknowledges, then everybody; and nobody after an acknowledgement', () => {
  see(0, symptom('redis-up'))
  tick(ESCALATION.acknowledge - 1)
  expect(kinds()).toEqual(['opened critical'])
  tick(ESCALATION.acknowledge)
  expect(ways()).toContain('escalated sms ops')
  tick(2 * ESCALATION.acknowledge)
  expect(kinds().at(-1)).toBe('escalated emergency')
  desk.incidents.acknowledge(1, 'ops', 2 * ESCALATION.acknowledge + 1)
  const heard = () =>
    store.transact(() => tellAcknowledged(alerts, desk.incidents.find(1)!, 2 * ESCALATION.acknowledge + 1))
  expect([heard(), heard()]).toEqual([true, false])
  expect(kinds().at(-1)).toBe('acknowledged emergency')
  tick(3 * ESCALATION.acknowledge)
  expect(kinds()).toHaveLength(4)
})

it('says when what it tried did not help', () => {
  see(0, symptom('redis-up'))
  const why = { en: 'The restart did not help.', ko: '재시작이 효과가 없었습니다.' }
  store.transact(() => tellHelpless(alerts, desk.incidents.find(1)!, why, 5_000))
  expect(kinds()).toEqual(['opened critical', 'escalated critical'])
  expect(ways()).toContain('escalated sms ops')
  expect(alerts.find('levee-incident-1')!.words.text.ko).toContain('효과가 없었습니다')
})

it('keeps quiet under a silence, and tells what still stands when it ends', () => {
  saveSilence(store, { id: 's1', from: 0, to: 60_000, by: 'ops', why: 'maintenance' })
  see(1_000, symptom('redis-up'))
  tick(30_000)
  expect(kinds()).toEqual([])
  tick(61_000)
  expect(kinds()).toEqual(['opened critical'])
})
