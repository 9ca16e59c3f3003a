// Every key that Levee keeps in Redis, family by family. A new family is one row here; no key is written elsewhere.
// The number is the version of what is stored under it: a new form gets a new one, and the old keys run out.

export interface KeyFamily {
  readonly name: string
  readonly version: number
  /** Life of a key from its last writing, ms. */
  readonly ttl: number
  /** What is there, and why so long. */
  readonly holds: string
}

const family = (name: string, version: number, ttl: number, holds: string): KeyFamily => ({
  name,
  version,
  ttl,
  holds,
})

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

export const families = {
  couponGate: family('coupon', 1, DAY_MS, 'permits of a coupon and who took one'),
  ranking: family(
    'ranking',
    1,
    10 * MINUTE_MS,
    'sales of days that are looked at: then read from the ledger anew',
  ),
  paymentLock: family('payment-lock', 1, MINUTE_MS, 'who talks to the provider about an order'),
  session: family('session', 1, 5_000, 'a session row: no longer than a revocation may take to bite'),
  product: family('product', 1, 2_000, 'a product as it is shown: no longer than product.staleness'),
  probe: family('probe', 1, DAY_MS, 'a mark that is missing once Redis has lost what was in it'),
} as const

export type Family = keyof typeof families

/** `levee:coupon:1:{c_123}:gate` with prefix `levee`, tag `c_123` and part `gate`. Keys of one tag lie together. */
export function keyOf(prefix: string, of: KeyFamily, tag: string, part = ''): string {
  return `${prefix}:${of.name}:${of.version}:{${tag}}${part === '' ? '' : `:${part}`}`
}

const JITTER = 0.1

/** A life shortened by up to a tenth at random, ms: what was written together does not end together. */
export function withJitter(ttl: number, random: number): number {
  return Math.max(1, Math.round(ttl * (1 - JITTER * random)))
}

/** Where processes tell each other what they changed in a family: `levee:told:session` with prefix `levee`. */
export function channelOf(prefix: string, of: KeyFamily): string {
  return `${prefix}:told:${of.name}`
}
