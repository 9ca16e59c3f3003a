// Whether what a fast rung answers is what the ledger says, within what is declared. Pure: the answers are handed in.
//
// Both change all the time, so one look says nothing. If they differ, both are asked again once the declared staleness has
// passed: where the ledger says what it said before, what it said was there to be seen all the time, and a rung that still
// says something else is wrong.

export type Verdict = 'same' | 'moving' | 'differs'

/** Answers as texts. `first`: of the ledger before the staleness passed; `second`: of both after it. */
export function judgeDifference(
  first: { readonly ledger: string },
  second: { readonly ledger: string; readonly rung: string },
): Verdict {
  if (second.rung === second.ledger) return 'same'
  return first.ledger === second.ledger ? 'differs' : 'moving'
}

/** Differences within that many ms, */
const WINDOW_MS = 60_000
/** so many of them, and the rung is wrong, not one answer of it. */
export const DIFFERENCES_MOST = 3

export class Differences {
  private times: number[] = []

  /** True: that is one too many. */
  note(now: number): boolean {
    this.times = this.times.filter(time => Math.abs(now - time) < WINDOW_MS)
    this.times.push(now)
    if (this.times.length < DIFFERENCES_MOST) return false
    this.times = []
    return true
  }
}
