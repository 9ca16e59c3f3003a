// What the point module offers: a double-entry ledger of points; no member ever falls below zero.

import { Type } from 'typebox'
import { Cursor, Id, Line, Money, NextCursor, Nullable, PageLimit } from '../../platform/contract/fields.ts'
import { operation } from '../../platform/contract/operation.ts'

const closed = { additionalProperties: false } as const
const signedIn = ['customer', 'operator', 'administrator'] as const

/** Once per member and cause, for ever. */
const Cause = Type.String({ minLength: 1, maxLength: 110 })
const Balance = Type.Object({ memberId: Type.String(), balance: Type.Integer() })

export const pointContract = {
  getBalance: operation({
    summary: 'A member’s points; staff may name the member',
    http: { method: 'GET', path: '/points', status: 200 },
    access: signedIn,
    input: Type.Object({ memberId: Type.Optional(Id) }, closed),
    output: Balance,
    refusals: ['forbidden'],
    idempotency: 'natural',
  }),
  statement: operation({
    summary: 'Every change of a member’s points, newest first',
    http: { method: 'GET', path: '/points/statement', status: 200 },
    access: signedIn,
    input: Type.Object({ memberId: Type.Optional(Id), limit: PageLimit, cursor: Cursor }, closed),
    output: Type.Object({
      entries: Type.Array(
        Type.Object({
          at: Type.Integer(),
          kind: Type.String(),
          points: Type.Integer({ description: 'Positive: earned or given back' }),
          balance: Type.Integer({ description: 'After it' }),
          orderId: Nullable(Type.String()),
          reason: Nullable(Type.String()),
        }),
      ),
      nextCursor: NextCursor,
    }),
    refusals: ['forbidden', 'invalid_request'],
    idempotency: 'natural',
  }),
  adjustPoints: operation({
    summary: 'Give or take points, with a reason; never below zero',
    http: { method: 'POST', path: '/members/:memberId/points', status: 201 },
    access: ['administrator'],
    input: Type.Object(
      {
        memberId: Id,
        points: Type.Integer({ minimum: -1_000_000_000, maximum: 1_000_000_000 }),
        reason: Line(200),
      },
      closed,
    ),
    output: Balance,
    refusals: ['insufficient_points', 'lock_timeout'],
    idempotency: 'key',
  }),

  // — for siblings only —

  earn: operation({
    summary: 'Points for a paid order, once per order',
    access: ['administrator'],
    input: Type.Object({ orderId: Id, memberId: Id, points: Money }),
    output: Balance,
    refusals: ['lock_timeout'],
    idempotency: 'natural',
  }),
  spend: operation({
    summary: 'Points used in an order, once per order',
    access: ['administrator'],
    input: Type.Object({ orderId: Id, memberId: Id, points: Money }),
    output: Balance,
    refusals: ['insufficient_points', 'order_state', 'lock_timeout'],
    idempotency: 'natural',
  }),
  returnSpent: operation({
    summary: 'Give back points that an order had used. Before they were used: they cannot be any more',
    access: ['administrator'],
    input: Type.Object({ orderId: Id, memberId: Id, cause: Cause, points: Money }),
    output: Balance,
    refusals: ['lock_timeout'],
    idempotency: 'natural',
  }),
  clawBack: operation({
    summary: 'Take back points that an order had earned, down to zero; `short` is what was spent already',
    access: ['administrator'],
    input: Type.Object({ orderId: Id, memberId: Id, cause: Cause, points: Money, earned: Money }),
    output: Type.Object({ clawed: Type.Integer(), short: Type.Integer() }),
    refusals: ['lock_timeout'],
    idempotency: 'natural',
  }),
} as const
