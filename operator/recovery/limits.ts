// How often the operator may do what. An act that is done again and again helps nobody, and hides what is the matter. Pure.

/** Acts of one kind within an hour: a third one has not helped twice. */
export const ACTS_AN_HOUR = 3
/** Between two acts of one kind, ms: the first must have had the time to show whether it helped. */
export const COOL_DOWN_MS = 60_000
const HOUR_MS = 3_600_000

/** An act that was begun. */
export interface Done {
  readonly act: string
  readonly incident: number
  /** Epoch ms. */
  readonly at: number
  /** Null: nobody knows; the operator died over it. */
  readonly outcome: Outcome | null
}

/**
 * - `helped`: what must be true after it is
 * - `in vain`: it was done, and that is not true
 * - `failed`: it could not be done
 */
export type Outcome = 'helped' | 'in vain' | 'failed'

/** Why an act may not be done now; null: it may. `done`: the acts of the last hour at least. */
export function refusal(act: string, incident: number, done: readonly Done[], now: number): string | null {
  const same = done.filter(each => each.act === act && now - each.at < HOUR_MS)
  if (same.some(each => each.incident === incident && each.outcome === 'in vain'))
    return 'it was done for this incident and did not help'
  if (same.length >= ACTS_AN_HOUR) return `it was done ${same.length} times within an hour`
  const last = Math.max(...same.map(({ at }) => at))
  if (now - last < COOL_DOWN_MS) return `it was done ${Math.round((now - last) / 1000)} s ago`
  return null
}
