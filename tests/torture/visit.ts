// What a customer means to do next: drawn whole before it begins, so that the shop's answers move no later plan. Pure.

import type { Random } from './random.ts'

export interface Wares {
  readonly productIds: readonly string[]
  readonly couponIds: readonly string[]
}

export interface Buy {
  readonly kind: 'buy'
  readonly lines: readonly { readonly productId: string; readonly quantity: number }[]
  /** Points to use, where the customer is a member. */
  readonly points: number
  readonly withCoupon: boolean
  readonly token: string
  /** `twice`: paid from two windows at once. */
  readonly ending: 'pay' | 'twice' | 'cancel' | 'leave'
  readonly refund: boolean
  /** The order is sent once more when it is placed: the same key, to whichever process. */
  readonly repeat: boolean
}

export type Visit =
  | Buy
  | { readonly kind: 'claim'; readonly couponId: string }
  | { readonly kind: 'read'; readonly what: 'bestSellers' | 'product' | 'coupon' | 'orders' | 'balance' }

export interface PlannedVisit {
  readonly visit: Visit
  /** Pause before it, ms: a person who reads. */
  readonly think: number
  /** Which process is asked first. */
  readonly process: number
}

export function planVisit(random: Random, { productIds, couponIds }: Wares): PlannedVisit {
  const about = { think: random.between(5, 80), process: random.between(0, 999) }
  const kind = random.next()
  if (kind < 0.2) return { visit: { kind: 'claim', couponId: random.pick(couponIds) }, ...about }
  if (kind < 0.5) {
    const what = random.pick(['bestSellers', 'product', 'coupon', 'orders', 'balance'] as const)
    return { visit: { kind: 'read', what }, ...about }
  }
  const first = random.pick(productIds)
  const second = random.pick(productIds)
  const two = random.chance(0.3) && first !== second
  const lines = [first, ...(two ? [second] : [])].map(productId => ({
    productId,
    quantity: random.between(1, 3),
  }))
  const last = random.next()
  const visit: Buy = {
    kind: 'buy',
    lines,
    points: random.chance(0.2) ? random.between(1, 30) : 0,
    withCoupon: random.chance(0.3),
    token: random.chance(0.08) ? 'tok_declined' : 'tok_ok',
    ending: last < 0.72 ? 'pay' : last < 0.82 ? 'twice' : last < 0.94 ? 'cancel' : 'leave',
    refund: random.chance(0.15),
    repeat: random.chance(0.15),
  }
  return { visit, ...about }
}
