// What this simulation has found in the shop and is not mended yet. A seed that shows nothing else counts as known: it is
// told of, with its number, and does not fail the run. Whoever mends one takes its line away here.

export interface Known {
  readonly what: string
  readonly shows: RegExp
}

export const known: readonly Known[] = [
  {
    what: 'consumers take a ledger that is away for a poisoned event, and bury it for good after five attempts',
    shows:
      /^events delivered: .* could not take .*(ledger_unavailable|outcome_unknown|lock_timeout|deadline_exceeded|read_only)/,
  },
  {
    what: 'a payment decided from a memory of stock that is behind breaks an invariant outside all that would catch it, and ends the process',
    shows: /^crashed: InvariantBroken: stock of \S+ would fall below zero[\s\S]*fillDraft/,
  },
]

/** What of this is new. */
export const unknownOf = (violations: readonly string[]): string[] =>
  violations.filter(violation => !known.some(({ shows }) => shows.test(violation)))
