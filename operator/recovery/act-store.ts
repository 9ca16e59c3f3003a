// What the operator did, in its own store: written before it is done, so that no act is ever forgotten, or repeated blindly.

import type { SmallStore, StoreStep } from '../../platform/store/small-store.ts'
import type { Done, Outcome } from './limits.ts'

export const actSteps: readonly StoreStep[] = [
  {
    name: '2026-11-27 acts',
    sql: `CREATE TABLE acts (
        seq INTEGER PRIMARY KEY, incident INTEGER NOT NULL, playbook TEXT NOT NULL, step TEXT NOT NULL,
        act TEXT NOT NULL, target TEXT NOT NULL, at INTEGER NOT NULL, ended_at INTEGER, outcome TEXT,
        evidence TEXT) STRICT;
      CREATE INDEX acts_act ON acts (act, at);
      CREATE INDEX acts_incident ON acts (incident);`,
  },
]

export interface StoredAct extends Done {
  readonly seq: number
  readonly playbook: string
  readonly step: string
  readonly target: string
  readonly endedAt: number | null
  /** What it said, and what was seen after it. */
  readonly evidence: string | null
}

export class ActStore {
  private readonly store: SmallStore

  constructor(store: SmallStore) {
    this.store = store
  }

  /** Its number. On disk when this returns. */
  begin(act: Omit<StoredAct, 'seq' | 'endedAt' | 'outcome' | 'evidence'>): number {
    const { incident, playbook, step, target, at } = act
    this.store.run(
      'INSERT INTO acts (incident, playbook, step, act, target, at) VALUES (?, ?, ?, ?, ?, ?)',
      ...[incident, playbook, step, act.act, target, at],
    )
    return this.store.one<{ seq: number }>('SELECT last_insert_rowid() AS seq')!.seq
  }

  end(seq: number, outcome: Outcome, evidence: string, now: number): void {
    this.store.run(
      'UPDATE acts SET ended_at = ?, outcome = ?, evidence = ? WHERE seq = ?',
      ...[now, outcome, evidence, seq],
    )
  }

  /** Of this kind since `from`, epoch ms, oldest first. */
  since(act: string, from: number): readonly Done[] {
    return this.store.all<Done & object>(
      'SELECT act, incident, at, outcome FROM acts WHERE act = ? AND at >= ? ORDER BY seq',
      ...[act, from],
    )
  }

  ofIncident(incident: number): readonly StoredAct[] {
    return this.store.all<StoredAct & object>(
      `SELECT seq, act, incident, playbook, step, target, at, ended_at AS endedAt, outcome, evidence
        FROM acts WHERE incident = ? ORDER BY seq`,
      incident,
    )
  }
}
