// What can be asked of the payment book, as data.

import type { PaymentState } from './payment-states.ts'

/** Who wants to talk to the provider about an order, and until when at the latest. */
export interface Hold {
  /** Random, one an attempt. */
  readonly holder: string
  /** Epoch ms. */
  readonly until: number
}

export interface OpenRequest extends Hold {
  readonly kind: 'open'
  readonly paymentId: string
  readonly orderId: string
  readonly owner: string
  readonly token: string
  readonly amount: number
  readonly currency: string
  readonly fingerprint: string | null
}

/** The lock of an order, for a payment that is booked. */
export interface TakeRequest extends Hold {
  readonly kind: 'take'
  readonly paymentId: string
  readonly orderId: string
}

/** Holds on for longer, or lets go. Refused: somebody else has it by now. */
export interface KeepRequest {
  readonly kind: 'keep'
  readonly paymentId: string
  readonly orderId: string
  readonly holder: string
  /** Null: lets go. */
  readonly until: number | null
}

export interface MoveRequest {
  readonly kind: 'move'
  /** As it was handed out with the lock. */
  readonly fence: number
  readonly paymentId: string
  readonly orderId: string
  readonly to: PaymentState
  readonly cause: string | null
  /** Epoch ms; null: settled, nobody needs to look. */
  readonly nextCheckAt: number | null
}

export interface RefundRequest {
  readonly kind: 'refund'
  readonly refundId: string
  readonly orderId: string
  readonly amount: number
}

export interface RefundDoneRequest {
  readonly kind: 'refund-done'
  readonly refundId: string
  readonly orderId: string
  readonly done: boolean
  readonly nextAt: number | null
}

export type PaymentRequest =
  | OpenRequest
  | TakeRequest
  | KeepRequest
  | MoveRequest
  | RefundRequest
  | RefundDoneRequest
