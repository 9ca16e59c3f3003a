// How many may be at something at once, by what it bears: more while it answers as fast as ever, fewer when it gets slow or
// fails to answer. Pure: time is an argument.
//
// What timed out counts as slow, or the limit would grow on the answers of those that got through; and it only grows while it
// is used, so that an idle night does not make it endless. It never falls below what finds out that all is well again.

export interface LimiterBounds {
  readonly least: number
  readonly first: number
  readonly most: number
}

/** Answers that take so many times as long as the best lately mean a queue. */
const QUEUE_FACTOR = 3
/** Part that is left of the limit then, */
const CUT = 0.8
/** at most so often, ms: those under way tell the same story. */
const CUT_EVERY_MS = 100
/** The best time is forgotten by this part with each answer: machines change. */
const FORGET = 0.001

export class Limiter {
  private readonly bounds: LimiterBounds
  private limit: number
  private best = Number.POSITIVE_INFINITY
  private cutAt = Number.NEGATIVE_INFINITY
  underWay = 0

  constructor(bounds: LimiterBounds) {
    this.bounds = bounds
    this.limit = bounds.first
  }

  get most(): number {
    return Math.floor(this.limit)
  }

  /** False: too many are at it. */
  enter(): boolean {
    if (this.underWay >= this.most) return false
    this.underWay++
    return true
  }

  /** `ms` it took; null: it failed to answer in its time. */
  leave(ms: number | null, now: number): void {
    const used = this.underWay >= this.most / 2
    this.underWay--
    if (ms === null) {
      this.cut(now)
      return
    }
    this.best = Math.min(
      ms,
      this.best === Number.POSITIVE_INFINITY ? ms : this.best + Math.max(this.best, 1) * FORGET,
    )
    if (ms > Math.max(this.best, 1) * QUEUE_FACTOR) this.cut(now)
    else if (used) this.limit = Math.min(this.bounds.most, this.limit + 1 / this.limit)
  }

  private cut(now: number): void {
    if (Math.abs(now - this.cutAt) < CUT_EVERY_MS) return
    this.cutAt = now
    this.limit = Math.max(this.bounds.least, this.limit * CUT)
  }
}
