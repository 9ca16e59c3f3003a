// What is older than declared, and said to be: better than nothing while the ledger cannot be read, or has no time for it.

import { Overloaded } from '../limits/limited.ts'
import { isAway } from '../sql/errors.ts'

/** Oldest that is shown, ms: an hour-old price is still a hint, a day-old one is none. */
const OLD_MOST_MS = 3_600_000

/** For caches whose answers carry the moment when they were true. */
export const OLD = {
  upTo: OLD_MOST_MS,
  instead: (error: unknown): boolean => error instanceof Overloaded || isAway(error),
} as const
