// What the coupon module offers: never more than the quota, never two for one member, none stranded.

import { Type } from 'typebox'
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
    summary: 'Claim a coupon: first come, first served, one a member',
    http: { method: 'POST', path: '/coupons/:couponId/claims', status: 201 },
    access: customer,
    input: Type.Object({ couponId: Id }, closed),
    output: Claim,
    refusals: [
      'coupon_unknown',
      'coupon_not_open',
      'coupon_sold_out',
      'coupon_already_claimed',
      'lock_timeout',
    ],
    idempotency: 'key',
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
