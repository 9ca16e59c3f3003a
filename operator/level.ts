// How bad something is (manual, part E).

/**
 * - `warning`: the person in charge looks
 * - `critical`: immediate response
 * - `emergency`: no sale possible at all, money at risk, or a critical one that nobody acknowledged in time
 */
export type Level = 'warning' | 'critical' | 'emergency'

/** Mildest first. */
export const LEVELS: readonly Level[] = ['warning', 'critical', 'emergency']

export const worst = (levels: Iterable<Level>): Level | null => {
  let found: Level | null = null
  for (const level of levels)
    if (found === null || LEVELS.indexOf(level) > LEVELS.indexOf(found)) found = level
  return found
}
