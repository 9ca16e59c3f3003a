// Incidents and their time lines, in the operator's own store: what was known outlives the process.

import type { SmallStore, StoreStep } from '../../platform/store/small-store.ts'
import type { Level } from '../level.ts'
import type { Incident, IncidentState } from './incident.ts'

export const incidentSteps: readonly StoreStep[] = [
  {
    name: '2026-11-27 incidents',
    sql: `CREATE TABLE incidents (
        number INTEGER PRIMARY KEY, key TEXT NOT NULL, level TEXT NOT NULL, state TEXT NOT NULL,
        since INTEGER NOT NULL, opened_at INTEGER NOT NULL, quiet_since INTEGER, ended_at INTEGER,
        symptoms TEXT NOT NULL, merged_into INTEGER, acknowledged_at INTEGER, acknowledged_by TEXT) STRICT;
      CREATE INDEX incidents_open ON incidents (state) WHERE state <> 'resolved';
      CREATE TABLE incident_facts (
        seq INTEGER PRIMARY KEY, incident INTEGER NOT NULL REFERENCES incidents, at INTEGER NOT NULL,
        kind TEXT NOT NULL, fact TEXT NOT NULL) STRICT;
      CREATE INDEX incident_facts_incident ON incident_facts (incident, seq);`,
  },
]

/** What a time line is made of. Each kind has its own fields. */
export type FactKind =
  | 'opened'
  | 'changed'
  | 'merged'
  | 'recovering'
  | 'resolved'
  | 'symptom'
  | 'action'
  | 'message'
  | 'acknowledged'
  | 'note'
  | 'impact'

export interface Fact {
  readonly seq: number
  readonly incident: number
  /** Epoch ms. */
  readonly at: number
  readonly kind: FactKind
  readonly fact: Readonly<Record<string, unknown>>
}

export interface StoredIncident extends Incident {
  /** Epoch ms; null: it goes on. */
  readonly endedAt: number | null
  /** The incident of which it turned out to be a part. */
  readonly mergedInto: number | null
  readonly acknowledgedAt: number | null
  readonly acknowledgedBy: string | null
}

interface Row {
  readonly number: number
  readonly key: string
  readonly level: string
  readonly state: string
  readonly since: number
  readonly opened_at: number
  readonly quiet_since: number | null
  readonly ended_at: number | null
  readonly symptoms: string
  readonly merged_into: number | null
  readonly acknowledged_at: number | null
  readonly acknowledged_by: string | null
}

export class IncidentStore {
  private readonly store: SmallStore

  constructor(store: SmallStore) {
    this.store = store
  }

  /** Those that go on, oldest first. */
  open(): readonly StoredIncident[] {
    return this.store.all<Row>("SELECT * FROM incidents WHERE state <> 'resolved' ORDER BY number").map(read)
  }

  /** The newest first. */
  list(limit: number): readonly StoredIncident[] {
    return this.store.all<Row>('SELECT * FROM incidents ORDER BY number DESC LIMIT ?', limit).map(read)
  }

  find(number: number): StoredIncident | null {
    const row = this.store.one<Row>('SELECT * FROM incidents WHERE number = ?', number)
    return row === undefined ? null : read(row)
  }

  nextNumber(): number {
    return this.store.one<{ next: number }>('SELECT COALESCE(MAX(number), 0) + 1 AS next FROM incidents')!
      .next
  }

  /** As it is now. `now` is when it ended, where it did. */
  save(incident: Incident, now: number, mergedInto: number | null = null): void {
    const { number, key, level, state, since, openedAt, quietSince, symptoms } = incident
    const endedAt = state === 'resolved' ? (quietSince ?? now) : null
    this.store.run(
      `INSERT INTO incidents (number, key, level, state, since, opened_at, quiet_since, ended_at, symptoms, merged_into)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (number) DO UPDATE SET key = excluded.key, level = excluded.level, state = excluded.state,
          quiet_since = excluded.quiet_since, ended_at = excluded.ended_at, symptoms = excluded.symptoms,
          merged_into = excluded.merged_into`,
      ...[
        number,
        key,
        level,
        state,
        since,
        openedAt,
        quietSince,
        endedAt,
        JSON.stringify(symptoms),
        mergedInto,
      ],
    )
  }

  /** False: there is none that goes on, or somebody has it already. */
  acknowledge(number: number, who: string, now: number): boolean {
    const changed = this.store.run(
      `UPDATE incidents SET acknowledged_at = ?, acknowledged_by = ?
        WHERE number = ? AND acknowledged_at IS NULL AND state <> 'resolved'`,
      ...[now, who, number],
    )
    if (changed === 0) return false
    this.note(number, now, 'acknowledged', { who })
    return true
  }

  /** Adds to its time line. */
  note(incident: number, at: number, kind: FactKind, fact: Readonly<Record<string, unknown>>): void {
    this.store.run(
      'INSERT INTO incident_facts (incident, at, kind, fact) VALUES (?, ?, ?, ?)',
      ...[incident, at, kind, JSON.stringify(fact)],
    )
  }

  /** From its beginning on. */
  facts(incident: number): readonly Fact[] {
    return this.store
      .all<Omit<Fact, 'fact'> & { fact: string }>(
        'SELECT * FROM incident_facts WHERE incident = ? ORDER BY seq',
        incident,
      )
      .map(row => ({ ...row, fact: JSON.parse(row.fact) as Fact['fact'] }))
  }
}

function read(row: Row): StoredIncident {
  return {
    ...{ number: row.number, key: row.key, level: row.level as Level, state: row.state as IncidentState },
    ...{ since: row.since, openedAt: row.opened_at, quietSince: row.quiet_since, endedAt: row.ended_at },
    ...{ symptoms: JSON.parse(row.symptoms) as string[], mergedInto: row.merged_into },
    ...{ acknowledgedAt: row.acknowledged_at, acknowledgedBy: row.acknowledged_by },
  }
}
