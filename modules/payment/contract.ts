// What the payment module offers: one capture per order, whatever arrives twice, late or never.

import { Type } from 'typebox'
import { ClientId, Id, Money, OneOf } from '../../platform/contract/fields.ts'
import { operation } from '../../platform/contract/operation.ts'

const closed = { additionalProperties: false } as const

export const PaymentState = OneOf(
  'created',
  'authorised',
  'captured',
  'declined',
  'unknown',
  'voiding',
  'voided',
)

export const Payment = Type.Object({
  paymentId: Type.String(),
  orderId: Type.String(),
  state: PaymentState,
  amount: Type.Integer(),
  createdAt: Type.Integer(),
})

const buyer = ['guest', 'customer', 'channel', 'operator', 'administrator'] as const

export const paymentContract = {
  payOrder: operation({
    summary:
      'Pay an order. State `unknown`: the provider did not answer; it is looked up, never charged twice',
    http: { method: 'POST', path: '/orders/:orderId/payments', status: 201 },
    access: buyer,
    input: Type.Object(
      {
        orderId: Id,
        paymentId: Type.Optional(ClientId),
        /** What the provider's form gave the client; never a card number. */
        token: Type.String({ minLength: 4, maxLength: 64, pattern: '^tok_[A-Za-z0-9_]+$' }),
      },
      closed,
    ),
    output: Payment,
    refusals: [
      'not_found',
      'order_state',
      'payment_open',
      'payment_state',
      'payment_declined',
      'id_taken',
      'provider_unavailable',
      'lock_timeout',
    ],
    idempotency: 'key',
  }),
  listPayments: operation({
    summary: 'All attempts to pay an order',
    http: { method: 'GET', path: '/orders/:orderId/payments', status: 200 },
    access: buyer,
    input: Type.Object({ orderId: Id }, closed),
    output: Type.Object({ payments: Type.Array(Payment) }),
    refusals: ['not_found'],
    idempotency: 'natural',
  }),
  receiveWebhook: operation({
    summary: 'The provider tells what became of a payment. A hint only: what counts is asked for',
    http: { method: 'POST', path: '/webhooks/payments', status: 200 },
    access: ['public'],
    input: Type.Object(
      {
        eventId: Id,
        type: Type.String({ maxLength: 64 }),
        paymentId: Id,
        /** Seconds since 1970, as signed. */
        timestamp: Type.Integer({ minimum: 0, maximum: 100_000_000_000 }),
        /** HMAC-SHA-256 over `timestamp.eventId.type.paymentId` with the shared key, hex. */
        signature: Type.String({ minLength: 64, maxLength: 64, pattern: '^[0-9a-f]+$' }),
      },
      closed,
    ),
    output: Type.Object({ received: Type.Boolean() }),
    refusals: ['bad_signature'],
    idempotency: 'natural',
  }),

  // — for siblings only —

  refundPayment: operation({
    summary: 'Give money of an order’s capture back, once per refund',
    access: ['administrator'],
    input: Type.Object({ refundId: Id, orderId: Id, amount: Money }),
    output: Type.Object({ status: OneOf('done', 'pending') }),
    refusals: ['payment_state', 'lock_timeout'],
    idempotency: 'natural',
  }),
  settlePayment: operation({
    summary: 'See a payment through: ask the provider what became of it, book it, pay its order or void it',
    access: ['administrator'],
    input: Type.Object({ paymentId: Id }),
    output: Payment,
    refusals: ['not_found', 'payment_open', 'provider_unavailable', 'lock_timeout'],
    idempotency: 'natural',
  }),
} as const
