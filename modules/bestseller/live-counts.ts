/** What became of reads, fillings and comparisons of the ranking in Redis, in this process since it began. */
export interface LiveCounts {
  /** Reads that Redis answered. */
  hits: number
  /** Reads of what was not there, */
  misses: number
  /** of what nobody had kept up to date, */
  late: number
  /** or while Redis did not answer: the ledger did. */
  away: number
  /** Scopes brought there. */
  fills: number
  /** Fillings that lost against changes, found no place, or failed. */
  fillsLost: number
  /** Times that changes were told to Redis, */
  published: number
  /** that somebody else was quicker, */
  raced: number
  /** and that all began anew: after a flush, a rebuild, or too long a pause. */
  eras: number
  /** Entries compared with the ledger, */
  compared: number
  /** and those that were wrong. */
  differences: number
}

export const newCounts = (): LiveCounts => ({
  hits: 0,
  misses: 0,
  late: 0,
  away: 0,
  fills: 0,
  fillsLost: 0,
  published: 0,
  raced: 0,
  eras: 0,
  compared: 0,
  differences: 0,
})
