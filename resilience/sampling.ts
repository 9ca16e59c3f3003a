// A small bounded share of calls: so many of a hundred, and no more than so many a second. Pure.

export class Sampling {
  private readonly share: number
  private readonly pause: number
  private next = Number.NEGATIVE_INFINITY

  /** `share` from 0 to 1. */
  constructor(share: number, perSecond: number) {
    this.share = share
    this.pause = 1_000 / perSecond
  }

  /** `random` in [0, 1), `now` in ms. */
  takes(random: number, now: number): boolean {
    if (random >= this.share) return false
    // Further away than one pause: the clock was set back.
    if (now < this.next && this.next - now <= this.pause) return false
    this.next = now + this.pause
    return true
  }
}
