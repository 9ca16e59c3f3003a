// What can be asked of the payment book, as data.

import type { PaymentState } from './payment-states.ts'

export interface OpenRequest {
  readonly kind: 'open'
  readonly paymentId: string
  readonly orderId: string
  readonly owner: string
  readonly token: string
  readonly amount: number
  readonly currency: string
  readonly fingerprint: string | null
}

export interface MoveRequest {
  readonly kind: 'move'
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

export type PaymentRequest = OpenRequest | MoveRequest | RefundRequest | RefundDoneRequest
