// Randomness from a seed: the same seed gives the same plans, whatever the machine does meanwhile.

/** Mulberry32: tiny, and even enough for plans. */
export class Random {
  private state: number

  constructor(seed: number) {
    this.state = seed >>> 0
  }

  /** 0 up to, but without, 1. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0
    let mixed = this.state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number, both ends included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1))
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<T>(from: readonly T[]): T {
    return from[this.between(0, from.length - 1)]!
  }

  /** Another one, so that what one client draws moves no other's plans. */
  fork(name: string): Random {
    let hash = this.between(0, 2 ** 31)
    for (const letter of name) hash = Math.imul(hash ^ letter.codePointAt(0)!, 16_777_619)
    return new Random(hash)
  }
}
