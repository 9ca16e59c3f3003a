// "Did you mean …?" for a name that was probably mistyped.

/** Edits beyond which a name is another name, not a slip. */
const MOST_EDITS = 3

/** `; did you mean X?` for the nearest of the known names, or nothing. */
export function nearest(name: string, known: readonly string[]): string {
  const ranked = known
    .map(candidate => ({ candidate, edits: distance(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits)
  const best = ranked[0]
  return best !== undefined && best.edits <= MOST_EDITS ? `; did you mean ${best.candidate}?` : ''
}

/** Levenshtein's distance: characters inserted, removed or replaced. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1]
    for (let column = 1; column <= to.length; column++) {
      const replaced = row[column - 1]! + (letter === to[column - 1] ? 0 : 1)
      next.push(Math.min(replaced, row[column]! + 1, next[column - 1]! + 1))
    }
    row = next
  }
  return row[to.length]!
}
