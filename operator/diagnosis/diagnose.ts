// From symptoms to causes. Each symptom belongs to one cause: to the deepest that is shown and can explain it, by what stands
// on what and by what came first. Pure.

import type { Level } from '../level.ts'
import { type Cause, causes } from './causes.ts'

export interface Symptom {
  /** Id of the indicator. */
  readonly id: string
  /** Since when it is true by what was seen, epoch ms. */
  readonly since: number
  readonly level: Level
  readonly value: number | null
  readonly labels: Readonly<Record<string, string>>
}

export interface Diagnosis {
  /** Null: no row of the table says what it is; the symptom itself is all that is known. */
  readonly cause: Cause | null
  /** Of the cause, or of the symptom that stands alone: the same for as long as it lasts. */
  readonly key: string
  readonly symptoms: readonly Symptom[]
  /** From 0 to 1. */
  readonly confidence: number
  /** Symptoms that speak against it, by id. */
  readonly against: readonly string[]
}

/**
 * A symptom that was there so long before its cause is another matter, ms: collectors look at different times, and windows of a
 * minute see late what began early, never the other way round.
 */
const BEFORE_MOST_MS = 30_000

/** What each thing that speaks against it leaves of the confidence. */
const DOUBT = 0.5
/** What a symptom adds that it explains beside the one that shows it, up to certainty. */
const SUPPORT = 0.1
const SHOWN = 0.8
/** One symptom that nothing explains. */
const ALONE = 0.3

export function diagnose(symptoms: readonly Symptom[], table: readonly Cause[] = causes): Diagnosis[] {
  const ids = new Set(symptoms.map(({ id }) => id))
  const shown = table.flatMap(cause => {
    const shows = symptoms.filter(({ id }) => cause.shownBy.includes(id))
    return shows.length === 0 ? [] : [{ cause, since: Math.min(...shows.map(({ since }) => since)) }]
  })
  const groups = new Map<Cause | Symptom, Symptom[]>()
  for (const symptom of symptoms) {
    const owner = ownerOf(symptom, shown) ?? symptom
    groups.set(owner, [...(groups.get(owner) ?? []), symptom])
  }
  return [...groups].map(([owner, found]) => ('shownBy' in owner ? known(owner, found, ids) : unknown(owner)))
}

/** The first row that explains it; a row that it shows by itself comes behind rows that explain it. */
function ownerOf(symptom: Symptom, shown: readonly { cause: Cause; since: number }[]): Cause | null {
  const explaining = shown.find(
    ({ cause, since }) => cause.explains.includes(symptom.id) && symptom.since >= since - BEFORE_MOST_MS,
  )
  return (explaining ?? shown.find(({ cause }) => cause.shownBy.includes(symptom.id)))?.cause ?? null
}

function known(cause: Cause, symptoms: readonly Symptom[], ids: ReadonlySet<string>): Diagnosis {
  const against = cause.against.filter(id => ids.has(id))
  const supporting = symptoms.filter(({ id }) => !cause.shownBy.includes(id)).length
  const confidence = Math.min(1, SHOWN + SUPPORT * supporting) * DOUBT ** against.length
  return { cause, key: cause.id, symptoms, confidence, against }
}

const unknown = (symptom: Symptom): Diagnosis => ({
  ...{ cause: null, key: `unknown:${symptom.id}`, symptoms: [symptom], confidence: ALONE, against: [] },
})
