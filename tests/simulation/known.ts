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
  {
    what: 'places in the line are never void again while the group is said to be beyond the end of one partition',
    shows:
      /^broke: Error: \d nights after the last fault still under way: places: .*\(the group is beyond its log\)/,
  },
]

const ORDER = /\bo-m_\w+-\d+/

/** What of this is new: neither known, nor what follows from it for the same order. */
export function unknownOf(violations: readonly string[]): string[] {
  const isKnown = (violation: string): boolean => known.some(({ shows }) => shows.test(violation))
  const orders = new Set(violations.filter(isKnown).map(violation => ORDER.exec(violation)?.[0]))
  return violations.filter(violation => {
    const order = ORDER.exec(violation)?.[0]
    return !isKnown(violation) && !(order !== undefined && orders.has(order))
  })
}
