// From values and time to what has changed: an indicator enters when it was bad for its stay, and leaves when it was well for
// as long. Pure; no transition without a value, and none from too few.

import type { Measured } from './measure.ts'

/**
 * - `unknown`: nobody can tell; neither well nor bad, and no alert by itself
 * - `well`, `bad`: as it says
 */
export type State = 'unknown' | 'well' | 'bad'

export interface Thresholds {
  readonly bad: 'high' | 'low'
  /** Beyond it is bad. */
  readonly enter: number
  /** Back within it is well again; between both it stays as it is. */
  readonly leave: number
  /** How long it is beyond, without a break, before it enters, ms. */
  readonly stay: number
  /** How long it is back, without a break, before it leaves, ms. */
  readonly calm: number
}

export interface Standing {
  readonly state: State
  /** Since when, epoch ms. */
  readonly since: number
  /** Since when it is on the other side without a break, epoch ms; null: it is not. */
  readonly turningSince: number | null
  /** Last time there was a value, epoch ms; null: never. */
  readonly seenAt: number | null
}

export interface Transition {
  readonly from: State
  readonly to: State
  readonly at: number
  /** Since when the condition had been true by what was seen, epoch ms. */
  readonly since: number
  readonly value: number | null
  readonly labels: Readonly<Record<string, string>>
}

export const atFirst = (now: number): Standing => ({
  ...{ state: 'unknown', since: now, turningSince: null, seenAt: null },
})

/** How long a value counts after it was last seen, ms: two looks of the slowest collector, and a slow answer. */
export const STALE_MS = 15_000

export function evaluate(
  standing: Standing,
  thresholds: Thresholds,
  { value, labels }: Measured,
  now: number,
): { standing: Standing; transition: Transition | null } {
  if (value === null) return unseen(standing, now)
  const { bad, enter, leave, stay, calm } = thresholds
  const beyond = (limit: number): boolean => (bad === 'high' ? value > limit : value < limit)
  const isBad = standing.state === 'bad'
  const turning = isBad ? !beyond(leave) : beyond(enter)
  const seen = { ...standing, seenAt: now }
  if (!turning) {
    if (standing.state !== 'unknown') return { standing: { ...seen, turningSince: null }, transition: null }
    return moved(seen, 'well', now, now, value, labels)
  }
  const turningSince = standing.turningSince ?? now
  if (now - turningSince < (isBad ? calm : stay))
    return { standing: { ...seen, turningSince }, transition: null }
  return moved(seen, isBad ? 'well' : 'bad', turningSince, now, value, labels)
}

/** What is bad stays so while nobody sees it: an incident is not over because its witness has gone. */
function unseen(standing: Standing, now: number): { standing: Standing; transition: Transition | null } {
  const broken = { ...standing, turningSince: null }
  const stale = standing.seenAt === null || now - standing.seenAt >= STALE_MS
  if (!stale || standing.state !== 'well') return { standing: broken, transition: null }
  return moved(broken, 'unknown', standing.seenAt ?? now, now, null, {})
}

function moved(
  standing: Standing,
  to: State,
  since: number,
  at: number,
  value: number | null,
  labels: Transition['labels'],
): { standing: Standing; transition: Transition } {
  return {
    standing: { ...standing, state: to, since: at, turningSince: null },
    transition: { from: standing.state, to, at, since, value, labels },
  }
}
