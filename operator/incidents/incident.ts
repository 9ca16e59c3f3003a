// An incident: one fault, one key, from its first symptom to its verified end. What becomes of the open ones when the diagnosis
// changes is decided here; pure, time is an argument.

import type { Diagnosis } from '../diagnosis/diagnose.ts'
import { type Level, worst } from '../level.ts'

/**
 * - `open`: its symptoms are there
 * - `recovering`: they are gone, and it is not believed yet
 * - `resolved`: they stayed away
 */
export type IncidentState = 'open' | 'recovering' | 'resolved'

export interface Incident {
  /** From 1 on. */
  readonly number: number
  /** Of the diagnosis as it is now; a better one may come. */
  readonly key: string
  readonly level: Level
  readonly state: IncidentState
  /** First symptom, by what was seen; epoch ms. */
  readonly since: number
  readonly openedAt: number
  /** Since when no symptom is there, epoch ms; null: one is. */
  readonly quietSince: number | null
  /** Ids of the symptoms that it has, or had last. */
  readonly symptoms: readonly string[]
}

export type Change =
  | { readonly what: 'opened'; readonly incident: Incident; readonly diagnosis: Diagnosis }
  /** Another cause, another level, or other symptoms than before. */
  | {
      readonly what: 'changed'
      readonly incident: Incident
      readonly before: Incident
      readonly diagnosis: Diagnosis
    }
  | { readonly what: 'recovering'; readonly incident: Incident }
  | { readonly what: 'resolved'; readonly incident: Incident }
  /** It turned out to be part of another one. */
  | { readonly what: 'merged'; readonly incident: Incident; readonly into: number }

/**
 * How long its symptoms stay away before an incident is over, ms. A key that is used again after its end opens a new incident at
 * whoever is called by it; what comes back within this time goes on as the same: twice the longest stay of an indicator.
 */
export const HOLD_MS = 60_000

/** What became of the open incidents, and the number that the next new one gets. */
export function advance(
  open: readonly Incident[],
  diagnoses: readonly Diagnosis[],
  nextNumber: number,
  now: number,
): Change[] {
  const changes: Change[] = []
  const left = new Map(open.map(incident => [incident.number, incident]))
  let number = nextNumber
  // What keeps its key first: it must not be taken for part of another.
  const known = new Map(open.map(incident => [incident.key, incident]))
  const ordered = [...diagnoses].sort((a, b) => Number(known.has(b.key)) - Number(known.has(a.key)))
  for (const diagnosis of ordered) {
    const same = known.get(diagnosis.key)
    const parts = [...left.values()].filter(
      incident => incident !== same && !hasOwn(incident, diagnoses) && shares(incident, diagnosis),
    )
    const [first, ...others] =
      same === undefined ? parts.sort((a, b) => a.number - b.number) : [same, ...parts]
    if (first === undefined) {
      changes.push({ what: 'opened', incident: begin(diagnosis, number++, now), diagnosis })
      continue
    }
    left.delete(first.number)
    const incident = goOn(first, diagnosis)
    if (differs(first, incident)) changes.push({ what: 'changed', incident, before: first, diagnosis })
    for (const part of others) {
      left.delete(part.number)
      changes.push({ what: 'merged', incident: { ...part, state: 'resolved' }, into: first.number })
    }
  }
  for (const incident of left.values()) changes.push(...ending(incident, now))
  return changes
}

const hasOwn = (incident: Incident, diagnoses: readonly Diagnosis[]): boolean =>
  diagnoses.some(({ key }) => key === incident.key)

/** Its symptoms, all that it had when it was seen last, are the other's now. */
const shares = (incident: Incident, { symptoms }: Diagnosis): boolean =>
  incident.state === 'open' && symptoms.some(({ id }) => incident.symptoms.includes(id))

function begin(diagnosis: Diagnosis, number: number, now: number): Incident {
  const since = Math.min(now, ...diagnosis.symptoms.map(symptom => symptom.since))
  return {
    ...{ number, key: diagnosis.key, level: levelOf(diagnosis), state: 'open', since, openedAt: now },
    ...{ quietSince: null, symptoms: idsOf(diagnosis) },
  }
}

function goOn(incident: Incident, diagnosis: Diagnosis): Incident {
  return {
    ...incident,
    ...{ key: diagnosis.key, state: 'open', quietSince: null, symptoms: idsOf(diagnosis) },
    // It is no milder than it was while it lasts: who was called for it is told when it is over.
    level: worst([incident.level, levelOf(diagnosis)])!,
  }
}

const idsOf = ({ symptoms }: Diagnosis): string[] => symptoms.map(({ id }) => id).sort()

const levelOf = ({ cause, symptoms }: Diagnosis): Level =>
  worst([...(cause === null ? [] : [cause.level]), ...symptoms.map(({ level }) => level)])!

const differs = (a: Incident, b: Incident): boolean =>
  a.key !== b.key || a.level !== b.level || a.state !== b.state || a.symptoms.join() !== b.symptoms.join()

function ending(incident: Incident, now: number): Change[] {
  if (incident.state === 'open')
    return [{ what: 'recovering', incident: { ...incident, state: 'recovering', quietSince: now } }]
  if (now - (incident.quietSince ?? now) < HOLD_MS) return []
  return [{ what: 'resolved', incident: { ...incident, state: 'resolved' } }]
}
