// A ladder that somebody holds on a rung, for a while and for a reason. Pure.

export interface Pin {
  readonly rung: string
  /** Who did it. */
  readonly by: string
  readonly reason: string
  /** Epoch ms. */
  readonly since: number
  /** Epoch ms: then it is released by itself. */
  readonly until: number
}

/** Longest that a pin holds, ms: a shift. Longer than that is a matter of the configuration. */
export const PIN_MOST_MS = 8 * 3_600_000
