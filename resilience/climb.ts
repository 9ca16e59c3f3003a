// One rung of one ladder in one process: down at once, up by merit. Pure: time and randomness are arguments.
//
// in ──(its engine fails, or it tells something else than the ledger)──▶ out ──(stayed, well, ready)──▶ trial ──▶ in
// On trial it is given a growing share of the calls. What fails there, or soon after, doubles the next stay.

export type Phase = 'in' | 'out' | 'trial'

/** First stay on a lower rung, ms: a restart's worth, and an operator's blink. */
export const STAY_FIRST_MS = 250
/** Longest stay, ms: an engine that flaps for ever is tried twice a minute. */
export const STAY_MOST_MS = 30_000
/** Who fails within so long after coming back has not recovered, ms. */
export const RELAPSE_MS = 10_000
/** Share of the calls on each step of a trial. */
const SHARES = [0.02, 0.2, 0.5] as const
/** A step lasts at least so long, so that what fails has time to show, ms; */
const STEP_LEAST_MS = 100
/** it ends after so many good calls, */
const STEP_GOOD = 5
/** or after this, ms: where nobody calls, nobody is hurt. */
const STEP_MOST_MS = 400
/** Calls of a trial under way at once. */
const PERMITS_MOST = 10
/** A permit that nobody gave back by then counts as a failure, ms: a call of a healthy rung takes a few. */
export const PERMIT_MS = 2_000

export class Climb {
  phase: Phase = 'in'
  /** Why it is out, or was last. */
  cause: string | null = null
  /** When the phase began; ms. */
  since: number
  /** How long it stays out, ms. */
  stay = STAY_FIRST_MS
  private step = 0
  private stepSince = 0
  private good = 0
  /** When each permit that is out ends. */
  private permits: number[] = []

  constructor(now: number) {
    // Old enough that a first failure is no relapse.
    this.since = now - RELAPSE_MS
  }

  /** It serves nobody from now on. */
  down(cause: string, now: number): void {
    if (this.phase === 'out') {
      this.cause = cause
      return
    }
    const relapsed = this.phase === 'trial' || Math.abs(now - this.since) < RELAPSE_MS
    this.stay = relapsed ? Math.min(this.stay * 2, STAY_MOST_MS) : STAY_FIRST_MS
    this.enter('out', now)
    this.cause = cause
  }

  /** It was looked at, and is not ready: it is looked at again after another stay. */
  notReady(cause: string, now: number): void {
    this.since = now
    this.cause = cause
  }

  /** It has stayed long enough to be looked at. */
  isDue(now: number): boolean {
    // A clock that was set back would make it wait for ever.
    return this.phase === 'out' && Math.abs(now - this.since) >= this.stay
  }

  /** Its engine is well, and what it holds is right. */
  try(now: number): void {
    this.enter('trial', now)
    this.step = 0
    this.stepSince = now
  }

  /** Whether this call may take a rung that is on trial. Given back by `ended`, or lost at its deadline. */
  permit(now: number, random: number): boolean {
    if (this.phase !== 'trial' || this.permits.length >= PERMITS_MOST || random >= SHARES[this.step]!)
      return false
    this.permits.push(now + PERMIT_MS)
    return true
  }

  ended(good: boolean, now: number): void {
    if (this.phase !== 'trial') return
    this.permits.shift()
    if (!good) this.down('a call on trial failed', now)
    else this.good++
  }

  /** Goes on with a trial; true: it is in. */
  advance(now: number): boolean {
    if (this.phase !== 'trial') return false
    if (this.permits.some(deadline => now >= deadline)) {
      this.down('a call on trial did not end', now)
      return false
    }
    const lasted = Math.abs(now - this.stepSince)
    if (lasted < STEP_LEAST_MS || (this.good < STEP_GOOD && lasted < STEP_MOST_MS)) return false
    this.good = 0
    this.stepSince = now
    if (++this.step < SHARES.length) return false
    this.enter('in', now)
    return true
  }

  private enter(phase: Phase, now: number): void {
    this.phase = phase
    this.since = now
    this.permits = []
    this.good = 0
  }
}
