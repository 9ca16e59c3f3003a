// Chance from a seed (sfc32): the same seed, the same numbers, on every machine.

export class Random {
  private a: number
  private b: number
  private c: number
  private d = 1
  /** How often bytes were asked for. */
  fills = 0

  constructor(seed: number, stream = 0) {
    this.a = seed >>> 0
    this.b = Math.floor(seed / 2 ** 32) >>> 0
    this.c = stream >>> 0
    // The first rounds of neighbouring seeds are alike.
    for (let i = 0; i < 12; i++) this.bits()
  }

  /** 32 of them. */
  bits(): number {
    const sum = (((this.a + this.b) | 0) + this.d) | 0
    this.d = (this.d + 1) | 0
    this.a = this.b ^ (this.b >>> 9)
    this.b = (this.c + (this.c << 3)) | 0
    this.c = ((this.c << 21) | (this.c >>> 11)) + sum
    return sum >>> 0
  }

  /** 0 up to, not including, 1. */
  readonly next = (): number => this.bits() / 2 ** 32

  between(from: number, to: number): number {
    return from + (to - from) * this.next()
  }

  /** From 0 up to, not including, `count`. */
  below(count: number): number {
    return Math.floor(this.next() * count)
  }

  chance(share: number): boolean {
    return this.next() < share
  }

  pick<T>(all: readonly T[]): T {
    return all[this.below(all.length)]!
  }

  fill(bytes: Uint8Array): void {
    this.fills++
    for (let i = 0; i < bytes.length; i++) bytes[i] = this.bits() & 0xff
  }
}
