// What the desk remembers of each incident, and the silences. All of its SQL is here.

import type { SmallStore, StoreStep } from '../../platform/store/small-store.ts'
import type { AlertState } from './escalation.ts'
import type { Area, Message } from './message.ts'
import type { Family } from './routes.ts'
import type { Silence } from './silences.ts'

/** What an incident says of itself, as it stands now. */
export type Words = Pick<Message, 'title' | 'text' | 'facts' | 'links'>

export interface Case {
  readonly key: string
  readonly area: Area
  readonly family: Family | null
  readonly words: Words
  readonly state: AlertState
  /** How many tellings there were: the next one's number. */
  readonly tellings: number
}

export const DESK_STEPS: readonly StoreStep[] = [
  {
    name: '2026-11-27 alert desk',
    sql: `
      CREATE TABLE alert_cases (
        key TEXT PRIMARY KEY, body TEXT NOT NULL, is_over INTEGER NOT NULL, due INTEGER
      ) STRICT;
      CREATE INDEX alert_cases_open ON alert_cases (is_over, due);
      CREATE TABLE alert_silences (id TEXT PRIMARY KEY, until INTEGER NOT NULL, body TEXT NOT NULL) STRICT;`,
  },
]

interface Row {
  readonly body: string
}

export function findCase(store: SmallStore, key: string): Case | null {
  const row = store.one<Row>('SELECT body FROM alert_cases WHERE key = ?', key)
  return row === undefined ? null : (JSON.parse(row.body) as Case)
}

/** `due`: when time alone changes it next, epoch ms. */
export function saveCase(store: SmallStore, found: Case, due: number | null): void {
  store.run(
    `INSERT INTO alert_cases (key, body, is_over, due) VALUES (?, ?, ?, ?)
     ON CONFLICT (key) DO UPDATE SET body = excluded.body, is_over = excluded.is_over, due = excluded.due`,
    found.key,
    JSON.stringify(found),
    found.state.over ? 1 : 0,
    due,
  )
}

/** Open ones whose time has come, and those that were kept quiet: silences end without a word. */
export function casesToLookAt(store: SmallStore, now: number): readonly Case[] {
  return store
    .all<Row>(
      'SELECT body FROM alert_cases WHERE is_over = 0 AND (due IS NULL OR due <= ?) ORDER BY key',
      now,
    )
    .map(({ body }) => JSON.parse(body) as Case)
}

export function saveSilence(store: SmallStore, silence: Silence): void {
  store.run(
    `INSERT INTO alert_silences (id, until, body) VALUES (?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET until = excluded.until, body = excluded.body`,
    silence.id,
    silence.to,
    JSON.stringify(silence),
  )
}

export function silencesFrom(store: SmallStore, now: number): readonly Silence[] {
  return store
    .all<Row>('SELECT body FROM alert_silences WHERE until > ? ORDER BY id', now)
    .map(({ body }) => JSON.parse(body) as Silence)
}

export const dropSilence = (store: SmallStore, id: string): boolean =>
  store.run('DELETE FROM alert_silences WHERE id = ?', id) > 0
