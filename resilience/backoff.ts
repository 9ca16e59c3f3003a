// How long to wait before trying again. Pure: randomness is handed in.

export interface Backoff {
  /** Upper bound of the first pause, ms; it doubles with each attempt. */
  readonly first: number
  /** Upper bound of any pause, ms. */
  readonly most: number
}

/**
 * Full jitter: anything between nothing and the bound, so that those who failed together do not come back
 * together. `attempt` from 1; `random` in [0, 1). Returns ms.
 */
export function fullJitter(backoff: Backoff, attempt: number, random: number): number {
  return random * Math.min(backoff.most, backoff.first * 2 ** Math.max(0, attempt - 1))
}
