// The states of an order: one table. A move that is not here is refused.

export const ORDER_MOVES = {
  /** Stock is held, coupon and points are being taken (a saga). */
  reserving: ['placed', 'cancelled'],
  /** Waits for payment until it expires. */
  placed: ['paying', 'cancelled', 'expired'],
  /** One payment holds it: neither expires nor can be cancelled until the outcome is known. */
  paying: ['placed', 'paid'],
  paid: ['refunded'],
  refunded: [],
  cancelled: [],
  expired: [],
} as const satisfies Record<string, readonly string[]>

export type OrderState = keyof typeof ORDER_MOVES

export function mayMove(from: OrderState, to: OrderState): boolean {
  return (ORDER_MOVES[from] as readonly OrderState[]).includes(to)
}
