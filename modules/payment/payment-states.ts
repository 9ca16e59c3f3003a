// The states of a payment: one table. A move that is not here is a bug and stops the batch.

export const PAYMENT_MOVES = {
  /** Booked before the provider hears anything. */
  created: ['authorised', 'captured', 'declined', 'unknown', 'voided'],
  /** The provider did not answer: it is asked what became of it. */
  unknown: ['authorised', 'captured', 'declined', 'voided'],
  authorised: ['captured', 'voided', 'unknown'],
  /** The order was dead: */
  captured: ['voiding'],
  /** the money goes back whole. Booked before the provider hears of it, so that nobody pays the order with it meanwhile. */
  voiding: ['voided', 'captured'],
  declined: [],
  voided: [],
} as const satisfies Record<string, readonly string[]>

export type PaymentState = keyof typeof PAYMENT_MOVES

export function mayMove(from: PaymentState, to: PaymentState): boolean {
  return (PAYMENT_MOVES[from] as readonly PaymentState[]).includes(to)
}

/** Its money is in the order's slot. */
export function isTaken(state: PaymentState): boolean {
  return state === 'captured' || state === 'voiding'
}

/** An attempt that keeps its order to itself: no other may begin. */
export function isOpen(state: PaymentState): boolean {
  return state === 'created' || state === 'unknown' || state === 'authorised'
}
