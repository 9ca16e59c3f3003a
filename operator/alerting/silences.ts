// Maintenance: known trouble that nobody is told of, for a while. Each silence ends; the incident itself is recorded all the
// same, and what still stands when the silence ends is told then. Pure.

import { LEVELS, type Level } from '../level.ts'
import type { Area } from './message.ts'
import type { Family } from './routes.ts'

export interface Silence {
  readonly id: string
  /** What it covers: all of those that are named; none named covers everything. */
  readonly area?: Area
  readonly family?: Family
  /** Beginning of the incident's key: `redis:`. */
  readonly key?: string
  /** The worst level that is kept quiet. Absent: critical, as an emergency is no maintenance. */
  readonly most?: Level
  /** Epoch ms; `from` included, `to` not. */
  readonly from: number
  readonly to: number
  readonly by: string
  readonly why: string
}

/** Longest silence, ms: a weekend's move. What takes longer is asked for again, by somebody who knows that it does. */
export const SILENCE_MOST_MS = 72 * 3_600_000
/** Characters of the reason and the name. */
const WORDS_MOST = 500

/** What is wrong with it, or null. */
export function silenceProblem({ from, to, by, why }: Silence): string | null {
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to))
    return 'needs a beginning and an end, epoch ms'
  if (to <= from) return 'ends before it begins'
  if (to - from > SILENCE_MOST_MS) return `is longer than ${SILENCE_MOST_MS / 3_600_000} hours`
  if (by.trim() === '' || why.trim() === '') return 'needs who asks for it, and why'
  if (by.length > WORDS_MOST || why.length > WORDS_MOST)
    return `has more than ${WORDS_MOST} characters of reason`
  return null
}

export interface Quietable {
  readonly key: string
  readonly level: Level
  readonly area: Area
  readonly family: Family | null
}

/** The silence that covers it now, or null. */
export function silenceOver(incident: Quietable, silences: readonly Silence[], now: number): Silence | null {
  return silences.find(silence => covers(silence, incident, now)) ?? null
}

function covers(
  { area, family, key, most = 'critical', from, to }: Silence,
  incident: Quietable,
  now: number,
) {
  if (now < from || now >= to) return false
  if (LEVELS.indexOf(incident.level) > LEVELS.indexOf(most)) return false
  if (area !== undefined && area !== incident.area) return false
  if (family !== undefined && family !== incident.family) return false
  return key === undefined || incident.key.startsWith(key)
}
