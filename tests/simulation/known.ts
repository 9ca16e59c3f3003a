// What this simulation has found in the shop and is not mended yet. A seed that shows nothing else counts as known: it is
// told of, with its number, and does not fail the run. Whoever mends one takes its line away here.

export interface Known {
  readonly what: string
  readonly shows: RegExp
}

export const known: readonly Known[] = []

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
