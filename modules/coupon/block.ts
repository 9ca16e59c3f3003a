// A block of places in the line: one letter a place says what became of it. Pure.

/**
 * Most places of a block: a lease is one commit, so that a rush pays for one in a thousand claims. The outcomes of a
 * block are one text of the ledger, which batches of blocks write with at most 1,000 characters.
 */
export const BLOCK_MOST = 1_000
/** Places of the first block of a coupon; each further one has four times as many, as long as they are used up in time. */
export const BLOCK_FIRST = 60
const GROWTH = 4

/** Nothing is given out of a block after this, ms: so it is known from when on nothing new can be under way. */
export const BLOCK_USE_MS = 60_000

export const UNDECIDED = '.'
/** Never given out, or given to nobody who heard of it. */
export const VOID = 'v'

/** What became of a place. `repeat`: its key was answered before, with a claim. `reused`: with other content. */
export const letters = {
  issued: 'i',
  repeat: 'r',
  already: 'a',
  soldOut: 's',
  notOpen: 'n',
  reused: 'k',
  unknown: 'u',
} as const
export type Letter = (typeof letters)[keyof typeof letters]

export const emptyOutcomes = (size: number): string => UNDECIDED.repeat(size)

/** Size of the next block: the last one was used up, or not. */
export function nextSize(last: number | null): number {
  return last === null ? BLOCK_FIRST : Math.min(BLOCK_MOST, last * GROWTH)
}

/** How many places have an outcome. */
export function decidedIn(outcomes: string): number {
  let decided = 0
  for (let i = 0; i < outcomes.length; i++) if (outcomes[i] !== UNDECIDED) decided++
  return decided
}

/** All places from `from` on that have no outcome are void. */
export function voidFrom(outcomes: string, from: number): string {
  return outcomes.slice(0, from) + outcomes.slice(from).replaceAll(UNDECIDED, VOID)
}
