// One mix of requests for all figures of a whole shop: what customers do there, and what counts of it.

/**
 * Eight requests, in turns, each as soon as its turn comes: four product pages and one ranking (public, products by the
 * popularity of the retail file), one coupon claim of a member who has none of that coupon, one order of a member (one unit,
 * by popularity as well), and the payment of an order that was placed before.
 */
export const MIX = ['page', 'claim', 'page', 'order', 'page', 'ranking', 'page', 'pay'] as const
export type Step = (typeof MIX)[number]

/** One process of the shop and who is served there: each of them by no other one. */
export interface MixTarget {
  readonly url: string
  /** Values of Authorization headers. */
  readonly members: readonly string[]
}

export interface MixWorld {
  readonly targets: readonly MixTarget[]
  /** As often as they are popular; price in minor units. */
  readonly products: readonly { readonly productId: string; readonly price: number }[]
}

export interface MixLoad {
  /** Those that are served, by their index; absent: all. */
  readonly at?: readonly number[]
  /** Enough for all claims: each member of a target claims each once. */
  readonly coupons: readonly string[]
  /** s */
  readonly seconds: number
  /** Connections at each target. */
  readonly connections: number
  /** Requests a second at all targets together, whatever is answered (an open loop); absent: the next one when one is answered. */
  readonly perSecond?: number
}

/** Answers by what they were; what was refused by step, status and code. */
export interface MixResult {
  /** From the first request to the last answer. */
  readonly seconds: number
  readonly page: number
  readonly ranking: number
  /** Answers of any kind. */
  readonly requests: number
  /** Placed: half of the way, counted when it is paid. */
  readonly placed: number
  readonly paid: number
  /** Claims that were granted at once, and those that are in the line. */
  readonly granted: number
  readonly accepted: number
  readonly refused: Readonly<Record<string, number>>
  /** Connections that broke, answers that never came, and requests that were due and not begun. */
  readonly lost: number
  /** Of all answers, ms. */
  readonly p50: number
  readonly p99: number
  /** Share of one core that the client itself used. */
  readonly busy: number
}

export const COUNTED = ['page', 'ranking', 'placed', 'paid', 'granted', 'accepted'] as const

/** Reads that were answered, orders that are paid, coupons that were granted or will be: orders that are only placed are no sales. */
export const goodOf = ({ page, ranking, paid, granted, accepted }: MixResult): number =>
  page + ranking + paid + granted + accepted

/** What went wrong, in words; null: nothing. */
export function strangeIn({ refused, lost }: MixResult): string | null {
  const told = Object.entries(refused).map(([what, count]) => `${count} × ${what}`)
  if (lost > 0) told.push(`${lost} × lost`)
  return told.length === 0 ? null : told.join(', ')
}
