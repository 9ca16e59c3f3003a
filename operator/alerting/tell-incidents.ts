// From what becomes of incidents to what is told of them. Each call is made in the transaction of what caused it.

import { type Cause, causes } from '../diagnosis/causes.ts'
import type { Change, Incident } from '../incidents/incident.ts'
import type { StoredIncident } from '../incidents/incident-store.ts'
import { indicatorById } from '../monitoring/indicators.ts'
import type { Texts } from '../texts.ts'
import type { AlertDesk } from './desk.ts'
import type { Words } from './desk-store.ts'
import type { Area, Fact } from './message.ts'
import type { Family } from './routes.ts'

/** Of the channels' key: the same for the whole of an incident, and for no other one. */
export const alertKey = (incident: number): string => `levee-incident-${incident}`

/** The incident of such a key. */
export const incidentOf = (key: string): number => Number(key.slice(alertKey(0).length - 1))

export function tellChange(desk: AlertDesk, change: Change, now: number): void {
  const { number, level, key: cause, symptoms } = change.incident
  const key = alertKey(number)
  if (change.what === 'opened') {
    const words = wordsOf(change.incident, null)
    desk.open({ key, area: areaOf(cause), family: familyOf(symptoms), words }, level, now)
    return
  }
  if (desk.find(key) === null) return
  if (change.what === 'recovering') desk.heal(key, now)
  else if (change.what === 'resolved' || change.what === 'merged') desk.close(key, now)
  else {
    if (change.before.state === 'recovering') desk.relapse(key, now)
    // Symptoms come and go; another cause is news, and told with what is worse where it is.
    const words = change.before.key === cause ? undefined : wordsOf(change.incident, null)
    if (change.before.level !== level)
      desk.judge(key, level, now, words === undefined ? {} : { words, area: areaOf(cause) })
    else if (words !== undefined) desk.change(key, words, now)
  }
}

/** What the operator tried did not help, or it may not try. */
export function tellHelpless(desk: AlertDesk, incident: Incident, why: Texts, now: number): void {
  const key = alertKey(incident.number)
  if (desk.find(key) !== null) desk.helpless(key, wordsOf(incident, why), now)
}

/** Somebody has said so to another process, such as the command line. True: it was news. */
export function tellAcknowledged(desk: AlertDesk, incident: StoredIncident, now: number): boolean {
  const found = incident.acknowledgedAt === null ? null : desk.find(alertKey(incident.number))
  if (found === null || found.state.over || found.state.acknowledgedAt !== null) return false
  desk.acknowledge(found.key, now)
  return true
}

const causeOf = (key: string): Cause | null => causes.find(({ id }) => id === key) ?? null

const AREAS: Readonly<Record<Cause['kind'], Area>> = {
  system: 'infrastructure',
  network: 'infrastructure',
  database: 'database',
  application: 'application',
  security: 'security',
}
const areaOf = (key: string): Area => {
  const cause = causeOf(key)
  return cause === null ? 'application' : AREAS[cause.kind]
}

const FAMILIES: Readonly<Record<string, Family>> = {
  ...{ A1: 'response-time', A3: 'error-rate', D5: 'cpu', D6: 'memory' },
  ...{ D9: 'coupon', D10: 'order', D11: 'payment', D12: 'best-seller' },
}
/** Of the only thing that it shows: where there are several, none of them says where it belongs. */
const familyOf = (symptoms: readonly string[]): Family | null =>
  symptoms.length === 1 ? (FAMILIES[symptoms[0]!] ?? null) : null

const NUMBER: Texts = { en: 'Incident', ko: '장애 번호' }
const SYMPTOMS: Texts = { en: 'Symptoms', ko: '현상' }
const LOOK: Texts = { en: 'Please look at it.', ko: '확인이 필요합니다.' }

function wordsOf({ number, key, symptoms }: Incident, why: Texts | null): Words {
  const cause = causeOf(key)
  const names = symptoms.map(id => indicatorById.get(id)?.name ?? { en: id, ko: id })
  const joined = (language: 'en' | 'ko'): string => names.map(name => name[language]).join(', ')
  const impact = cause?.impact ?? LOOK
  const text = (language: 'en' | 'ko'): string =>
    [why?.[language], impact[language]].filter(Boolean).join(' ')
  const facts: Fact[] = [
    { label: NUMBER, value: { en: `#${number}`, ko: `#${number}` } },
    { label: SYMPTOMS, value: { en: joined('en'), ko: joined('ko') } },
  ]
  return {
    title: cause?.name ?? names[0] ?? { en: key, ko: key },
    text: { en: text('en'), ko: text('ko') },
    ...{ facts, links: [] },
  }
}
