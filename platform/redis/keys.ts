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

/**
 * Families whose keys can be read from the ledger again at once, and of which parts: without them it is asked more, no more. Marks of
 * ended sessions are none: without one a session would go on. Nor is a ranking while it is made beside: half of it lost, the
 * other half would pass for the whole.
 */
const DERIVED: ReadonlyMap<string, { readonly family: KeyFamily; isDerived(part: string): boolean }> =
  new Map([
    ['product', { family: families.product, isDerived: part => part === '' }],
    ['session', { family: families.session, isDerived: part => part === '' }],
    ['ranking', { family: families.ranking, isDerived: part => part !== '' && !part.startsWith('staged:') }],
  ])
const KEY = /^([a-z-]+):\d+:\{.*\}(?::(.*))?$/s

/** The family of a key that may be removed to make room; null: it stays. */
export function derivedOf(prefix: string, key: string): KeyFamily | null {
  if (!key.startsWith(`${prefix}:`)) return null
  const [, name = '', part = ''] = KEY.exec(key.slice(prefix.length + 1)) ?? []
  const derived = DERIVED.get(name)
  return derived?.isDerived(part) ? derived.family : null
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
