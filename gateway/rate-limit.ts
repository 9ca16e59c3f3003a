// Token buckets, one an identity or address, in a bounded table.

export interface Rate {
  /** Lasting rate, requests a second. */
  readonly perSecond: number
  /** Requests at once after a pause. */
  readonly burst: number
}

/** Most buckets kept: 100,000 of some 100 bytes are 10 MB. Above it the oldest go, full ones first in effect. */
export const BUCKETS_MOST = 100_000

export class Bucket {
  tokens: number
  at: number
  constructor(tokens: number, at: number) {
    this.tokens = tokens
    this.at = at
  }
}

export class RateLimit {
  private readonly perMs: number
  private readonly burst: number
  private readonly most: number
  private readonly buckets = new Map<string, Bucket>()

  constructor(rate: Rate, most = BUCKETS_MOST) {
    this.perMs = rate.perSecond / 1000
    this.burst = rate.burst
    this.most = most
  }

  get size(): number {
    return this.buckets.size
  }

  /** The bucket of this key. Who asks often keeps it, and need not look it up again. */
  bucket(key: string, now: number): Bucket {
    const known = this.buckets.get(key)
    if (known) return known
    if (this.buckets.size >= this.most) this.forgetOldest()
    const bucket = new Bucket(this.burst, now)
    this.buckets.set(key, bucket)
    return bucket
  }

  /** Takes one token: 0 if there was one, else the seconds until there will be. */
  take(bucket: Bucket, now: number): number {
    // A clock that steps back gives nothing and takes nothing.
    const passed = now > bucket.at ? now - bucket.at : 0
    const tokens = Math.min(this.burst, bucket.tokens + passed * this.perMs)
    bucket.at = now
    if (tokens >= 1) {
      bucket.tokens = tokens - 1
      return 0
    }
    bucket.tokens = tokens
    return Math.max(1, Math.ceil((1 - tokens) / this.perMs / 1000))
  }

  /** Puts a token back: what it was taken for turned out not to count. */
  giveBack(bucket: Bucket): void {
    bucket.tokens = Math.min(this.burst, bucket.tokens + 1)
  }

  /** An eighth at a time, so that a full table costs little per newcomer. */
  private forgetOldest(): void {
    let left = this.most >> 3 || 1
    for (const key of this.buckets.keys()) {
      if (left-- === 0) break
      this.buckets.delete(key)
    }
  }
}
