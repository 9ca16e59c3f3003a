// What was diagnosed becomes incidents: their states, their time lines and whoever is to be told, in one transaction.

import type { SmallStore } from '../../platform/store/small-store.ts'
import type { Diagnosis } from '../diagnosis/diagnose.ts'
import { advance, type Change } from './incident.ts'
import { IncidentStore } from './incident-store.ts'

export interface DeskOptions {
  readonly store: SmallStore
  /** Called in the transaction of the change: what is to be told is there exactly when the change is. */
  tell(change: Change, now: number): void
}

export class IncidentDesk {
  readonly incidents: IncidentStore
  private readonly options: DeskOptions

  constructor(options: DeskOptions) {
    this.options = options
    this.incidents = new IncidentStore(options.store)
  }

  /** What is seen now, all of it. Returns what has changed. */
  take(diagnoses: readonly Diagnosis[], now: number): readonly Change[] {
    const { store, tell } = this.options
    const { incidents } = this
    const open = incidents.open()
    if (open.length === 0 && diagnoses.length === 0) return []
    const changes = advance(open, diagnoses, incidents.nextNumber(), now)
    if (changes.length === 0) return changes
    store.transact(() => {
      for (const change of changes) {
        incidents.save(change.incident, now, change.what === 'merged' ? change.into : null)
        incidents.note(change.incident.number, now, change.what, factOf(change))
        tell(change, now)
      }
    })
    return changes
  }
}

function factOf(change: Change): Readonly<Record<string, unknown>> {
  if (change.what === 'merged') return { into: change.into }
  if (change.what === 'recovering' || change.what === 'resolved') return {}
  const { diagnosis, incident } = change
  const { key, level } = incident
  const symptoms = diagnosis.symptoms.map(({ id, since, value, labels }) => ({ id, since, value, labels }))
  return { key, level, confidence: diagnosis.confidence, against: diagnosis.against, symptoms }
}
