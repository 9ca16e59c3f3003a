// What the coupon module offers: never more than the quota, never two for one member, none stranded.

import { type Static, Type } from 'typebox'
import {
  Cursor,
  Id,
  Line,
  Money,
  NextCursor,
  Nullable,
  OneOf,
  PageLimit,
  Time,
} from '../../platform/contract/fields.ts'
import { operation } from '../../platform/contract/operation.ts'

const closed = { additionalProperties: false } as const
const administrator = ['administrator'] as const
const customer = ['customer'] as const

/** Most coupons of one kind: more than any shop's members. */
const Quota = Type.Integer({ minimum: 0, maximum: 1_000_000_000 })

export const Coupon = Type.Object({
  couponId: Type.String(),
  name: Type.String(),
  kind: OneOf('percent', 'amount'),
  value: Type.Integer({ description: 'Percent, or minor units' }),
  maxDiscount: Nullable(Type.Integer()),
  minOrder: Type.Integer(),
  quota: Type.Integer(),
  issued: Type.Integer({ description: 'For customers up to half a second old' }),
  left: Type.Integer({ description: 'Quota less issued' }),
  opensAt: Type.Integer(),
  closesAt: Type.Integer(),
  usableUntil: Type.Integer(),
  version: Type.Integer({ description: 'Of the terms; claims leave it alone' }),
})

export const Claim = Type.Object({
  claimId: Type.String(),
  couponId: Type.String(),
  state: OneOf('issued', 'redeemed'),
  claimedAt: Type.Integer(),
  orderId: Nullable(Type.String()),
})

export type ClaimView = Static<typeof Claim>

/** Of a claim that is accepted: letters, digits and dots made by Levee. Only the member that it was given to may use it. */
const Ticket = Type.String({ minLength: 1, maxLength: 160, pattern: '^[A-Za-z0-9_.-]+$' })

/** Where a claim stands in the line. */
const Place = Type.Object({
  ahead: Type.Integer({ description: 'Claims before it that are not decided yet; up to 0.1 s old' }),
  estimatedMs: Nullable(
    Type.Integer({
      description: 'Until it is decided, at the pace of late; null: nothing was decided lately',
    }),
  ),
})
export type Place = Static<typeof Place>

/** Queued, and not decided: it may still be refused. */
export const AcceptedClaim = Type.Object({
  claimId: Type.String(),
  couponId: Type.String(),
  state: OneOf('accepted'),
  claimedAt: Type.Integer(),
  orderId: Type.Null(),
  ticket: Ticket,
  place: Place,
  statusPath: Type.String({ description: 'Where its state is to be asked for' }),
  streamPath: Type.String({ description: 'Where its state is told as it changes, as server-sent events' }),
})
export type AcceptedClaim = Static<typeof AcceptedClaim>

/** What became of an accepted claim. */
export const ClaimProgress = Type.Object({
  claimId: Type.String(),
  couponId: Type.String(),
  ticket: Ticket,
  state: OneOf('accepted', 'issued', 'refused'),
  place: Type.Union([Place, Type.Null()], { description: 'While it is accepted' }),
  claim: Type.Union([Claim, Type.Null()], { description: 'Once it is issued' }),
  refusal: Type.Union([Type.Object({ code: Type.String(), detail: Type.String() }), Type.Null()], {
    description: 'Once it is refused: code and detail as claiming it would answer',
  }),
})
export type ClaimProgress = Static<typeof ClaimProgress>

const terms = {
  name: Line(100),
  kind: OneOf('percent', 'amount'),
  value: Type.Integer({ minimum: 1, maximum: 1_000_000_000_000 }),
  maxDiscount: Type.Union([Money, Type.Null()]),
  minOrder: Money,
  quota: Quota,
  opensAt: Time,
  closesAt: Time,
  usableUntil: Time,
}

export const couponContract = {
  createCoupon: operation({
    summary: 'A new coupon: quota, window, and what it is worth',
    http: { method: 'POST', path: '/coupons', status: 201 },
    access: administrator,
    input: Type.Object(
      {
        name: terms.name,
        kind: terms.kind,
        value: terms.value,
        quota: terms.quota,
        opensAt: terms.opensAt,
        closesAt: terms.closesAt,
        usableUntil: terms.usableUntil,
        maxDiscount: Type.Optional(terms.maxDiscount),
        minOrder: Type.Optional(terms.minOrder),
      },
      closed,
    ),
    output: Coupon,
    refusals: ['invalid_request'],
    idempotency: 'key',
  }),
  editCoupon: operation({
    summary: 'Change quota or window by compare-and-set; the quota never falls below what is issued',
    http: { method: 'PATCH', path: '/coupons/:couponId', status: 200 },
    access: administrator,
    input: Type.Object(
      {
        couponId: Id,
        version: Type.Integer({ minimum: 1 }),
        name: Type.Optional(terms.name),
        quota: Type.Optional(terms.quota),
        opensAt: Type.Optional(terms.opensAt),
        closesAt: Type.Optional(terms.closesAt),
        usableUntil: Type.Optional(terms.usableUntil),
      },
      closed,
    ),
    output: Coupon,
    refusals: ['coupon_unknown', 'version_conflict', 'invalid_request', 'quantity_exceeded'],
    idempotency: 'key',
  }),
  listCoupons: operation({
    summary: 'Coupons that are open now; staff may ask for all',
    http: { method: 'GET', path: '/coupons', status: 200 },
    access: ['public'],
    input: Type.Object({ all: Type.Optional(Type.Boolean()), limit: PageLimit, cursor: Cursor }, closed),
    output: Type.Object({ coupons: Type.Array(Coupon), nextCursor: NextCursor }),
    refusals: ['forbidden', 'invalid_request'],
    idempotency: 'natural',
  }),
  getCoupon: operation({
    summary: 'One coupon',
    http: { method: 'GET', path: '/coupons/:couponId', status: 200 },
    access: ['public'],
    input: Type.Object({ couponId: Id }, closed),
    output: Coupon,
    refusals: ['coupon_unknown'],
    idempotency: 'natural',
  }),
  claimCoupon: operation({
    summary:
      'Claim a coupon: first come, first served, one a member. 201: it is issued; 202: it is in the line, see `statusPath`',
    http: { method: 'POST', path: '/coupons/:couponId/claims', status: 201, mayAccept: true },
    access: customer,
    input: Type.Object({ couponId: Id }, closed),
    output: Type.Union([Claim, AcceptedClaim]),
    refusals: [
      'coupon_unknown',
      'coupon_not_open',
      'coupon_sold_out',
      'coupon_in_line',
      'coupon_already_claimed',
      'lock_timeout',
    ],
    idempotency: 'key',
  }),
  claimProgress: operation({
    summary: 'What became of a claim that was accepted: its place in the line, or its end',
    http: {
      method: 'GET',
      path: '/coupons/:couponId/claims/:ticket',
      status: 200,
      stream: { path: '/events', field: 'state', goesOn: ['accepted'] },
    },
    access: customer,
    input: Type.Object({ couponId: Id, ticket: Ticket }, closed),
    output: ClaimProgress,
    refusals: ['not_found'],
    idempotency: 'natural',
  }),
  myCoupons: operation({
    summary: 'The coupons of this member',
    http: { method: 'GET', path: '/me/coupons', status: 200 },
    access: customer,
    input: Type.Object({ limit: PageLimit, cursor: Cursor }, closed),
    output: Type.Object({ claims: Type.Array(Claim), nextCursor: NextCursor }),
    refusals: ['invalid_request'],
    idempotency: 'natural',
  }),

  // — for siblings only —

  redeem: operation({
    summary: 'Use a member’s coupon in an order, once; the same order again is answered the same',
    access: administrator,
    input: Type.Object({ orderId: Id, memberId: Id, couponId: Id, goodsTotal: Money }),
    output: Type.Object({ discount: Type.Integer() }),
    refusals: ['coupon_unknown', 'coupon_not_usable'],
    idempotency: 'natural',
  }),
  giveBack: operation({
    summary:
      'The order is over: its coupon may be used again. Before it was used: it cannot be used by that order any more',
    access: administrator,
    input: Type.Object({ orderId: Id }),
    output: Type.Object({ givenBack: Type.Boolean() }),
    refusals: [],
    idempotency: 'natural',
  }),
} as const
