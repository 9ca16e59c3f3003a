// From what becomes of incidents to what is told of them: each incident has one state of alerting, kept in the store, and each
// telling is put into the queue in the transaction of what caused it.

import { newId } from '../../platform/ids.ts'
import type { StoreStep } from '../../platform/store/small-store.ts'
import { type Cause, causes } from '../diagnosis/causes.ts'
import type { Change, Incident } from '../incidents/incident.ts'
import { indicatorById } from '../monitoring/indicators.ts'
import type { Texts } from '../texts.ts'
import { type Announcing, announce } from './announce.ts'
import {
  type AlertState,
  acknowledged,
  changed,
  closed,
  healed,
  judged,
  type Move,
  opened,
  relapsed,
  tick,
} from './escalation.ts'
import type { Area, Fact, Message } from './message.ts'
import { onCall, type Recipient } from './on-call.ts'
import type { Family } from './routes.ts'
import { type Silence, silenceOver } from './silences.ts'

export const alertSteps: readonly StoreStep[] = [
  {
    name: '2026-11-27 alert states',
    sql: `CREATE TABLE alert_states (
        incident INTEGER PRIMARY KEY, state TEXT NOT NULL, key TEXT NOT NULL, symptoms TEXT NOT NULL,
        over INTEGER NOT NULL) STRICT;
      CREATE INDEX alert_states_going ON alert_states (over) WHERE over = 0;`,
  },
]

export interface AlertDeskOptions extends Announcing {
  readonly silences: () => readonly Silence[]
  /** Told who hears of it, in the transaction; nobody: it could be told to none. */
  said(incident: number, message: Message, recipients: readonly Recipient[], now: number): void
}

interface Kept {
  readonly state: AlertState
  readonly key: string
  readonly symptoms: readonly string[]
}

/** Of the channels' key: the same for the whole of an incident, and for no other one. */
export const alertKey = (incident: number): string => `levee-incident-${incident}`

export class AlertDesk {
  private readonly options: AlertDeskOptions

  constructor(options: AlertDeskOptions) {
    this.options = options
  }

  /** In the transaction of the change. */
  tell(change: Change, now: number): void {
    const { number, level, key, symptoms } = change.incident
    const quiet = this.isQuiet(change.incident, now)
    if (change.what === 'opened') {
      this.move(number, { key, symptoms }, opened(level, now, quiet), now)
      return
    }
    const kept = this.kept(number)
    if (kept === null) return
    const { state } = kept
    const about = { key, symptoms: symptoms.length > 0 ? symptoms : kept.symptoms }
    if (change.what === 'recovering') this.move(number, about, healed(state, now), now)
    else if (change.what === 'resolved' || change.what === 'merged')
      this.move(number, about, closed(state, now), now)
    else {
      const back = change.before.state === 'recovering' ? relapsed(state, now).state : state
      const worse = judged(back, level, now, quiet)
      const news = worse.says.length === 0 && change.before.key !== key
      this.move(number, about, news ? changed(worse.state, now) : worse, now)
    }
  }

  /** Somebody has it. In a transaction of the caller's. */
  acknowledge(incident: number, now: number): void {
    const kept = this.kept(incident)
    if (kept !== null) this.move(incident, kept, acknowledged(kept.state, now), now)
  }

  /** What the operator tried did not help: told as worse than before, and to be looked at by people. */
  escalate(incident: Incident, why: Texts, now: number): void {
    const kept = this.kept(incident.number)
    if (kept === null || kept.state.over) return
    const move: Move = {
      state: { ...kept.state, lastAt: now },
      says: [{ kind: 'escalated', level: kept.state.level, step: kept.state.step, why: 'worse' }],
    }
    this.move(incident.number, kept, move, now, why)
  }

  /** What time alone brings about: the next person, reminders, an end of a silence. */
  tick(now: number): void {
    const { store, book } = this.options
    const rows = store.all<{ incident: number; known: number }>(
      `SELECT incident, acknowledged_at IS NOT NULL AS known FROM alert_states
        JOIN incidents ON number = incident WHERE over = 0`,
    )
    for (const { incident, known } of rows) {
      store.transact(() => {
        const kept = this.kept(incident)!
        // By another process, such as the command line.
        if (known === 1 && kept.state.acknowledgedAt === null) {
          this.acknowledge(incident, now)
          return
        }
        // The incident itself says when it is over.
        if (kept.state.healedAt !== null) return
        const people = onCall(book, areaOf(kept.key), now).length
        const quiet = this.isQuiet({ number: incident, level: kept.state.level, key: kept.key }, now)
        const move = tick(kept.state, now, people, quiet)
        if (move.says.length > 0) this.move(incident, kept, move, now)
      })
    }
  }

  private move(
    incident: number,
    about: Pick<Kept, 'key' | 'symptoms'>,
    { state, says }: Move,
    now: number,
    why: Texts | null = null,
  ): void {
    const { store } = this.options
    store.run(
      `INSERT INTO alert_states (incident, state, key, symptoms, over) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (incident) DO UPDATE SET state = excluded.state, key = excluded.key,
          symptoms = excluded.symptoms, over = excluded.over`,
      ...[incident, JSON.stringify(state), about.key, JSON.stringify(about.symptoms), state.over ? 1 : 0],
    )
    for (const { kind, level, step } of says) {
      const message = messageOf(incident, about, { kind, level, at: now }, why)
      const recipients = announce(this.options, message, familyOf(about.symptoms), step, now)
      this.options.said(incident, message, recipients, now)
    }
  }

  private kept(incident: number): Kept | null {
    const row = this.options.store.one<{ state: string; key: string; symptoms: string }>(
      'SELECT state, key, symptoms FROM alert_states WHERE incident = ?',
      incident,
    )
    if (row === undefined) return null
    const symptoms = JSON.parse(row.symptoms) as string[]
    return { state: JSON.parse(row.state) as AlertState, key: row.key, symptoms }
  }

  private isQuiet(incident: Pick<Incident, 'number' | 'level' | 'key'>, now: number): boolean {
    const { key, level } = incident
    return silenceOver({ key, level, area: areaOf(key), family: null }, this.options.silences(), now) !== null
  }
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

function messageOf(
  incident: number,
  { key, symptoms }: Pick<Kept, 'key' | 'symptoms'>,
  { kind, level, at }: Pick<Message, 'kind' | 'level' | 'at'>,
  why: Texts | null,
): Message {
  const cause = causeOf(key)
  const names = symptoms.map(id => indicatorById.get(id)?.name ?? { en: id, ko: id })
  const joined = (language: 'en' | 'ko'): string => names.map(name => name[language]).join(', ')
  const impact = cause?.impact ?? LOOK
  const text = (language: 'en' | 'ko'): string =>
    [why?.[language], impact[language]].filter(Boolean).join(' ')
  const facts: Fact[] = [
    { label: NUMBER, value: { en: `#${incident}`, ko: `#${incident}` } },
    { label: SYMPTOMS, value: { en: joined('en'), ko: joined('ko') } },
  ]
  return {
    ...{ key: alertKey(incident), id: newId(), kind, level, area: areaOf(key), at, facts, links: [] },
    title: cause?.name ?? names[0] ?? { en: key, ko: key },
    text: { en: text('en'), ko: text('ko') },
  }
}
