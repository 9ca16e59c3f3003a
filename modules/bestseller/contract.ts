// What the best-seller module offers: the ranking, from a projection that can be rebuilt at any time.

import { Type } from 'typebox'
import {
  Country,
  Cursor,
  Day,
  NextCursor,
  Nullable,
  OneOf,
  PageLimit,
} from '../../platform/contract/fields.ts'
import { operation } from '../../platform/contract/operation.ts'

const closed = { additionalProperties: false } as const
const staff = ['operator', 'administrator'] as const

export const bestsellerContract = {
  bestSellers: operation({
    summary: 'What sells best: today, in the last 7 days, or on a given day; net of refunds',
    http: { method: 'GET', path: '/bestsellers', status: 200 },
    access: ['public'],
    input: Type.Object(
      {
        period: Type.Optional(OneOf('today', 'week', 'day')),
        /** With period `day`. */
        day: Type.Optional(Day),
        by: Type.Optional(OneOf('revenue', 'units')),
        country: Type.Optional(Country),
        limit: PageLimit,
      },
      closed,
    ),
    output: Type.Object({
      period: Type.String(),
      from: Type.String(),
      to: Type.String(),
      timeZone: Type.String(),
      by: Type.String(),
      country: Nullable(Type.String()),
      asOf: Type.Integer({
        description:
          'Every sale before this moment is counted. Not older than bestseller.staleness, unless events wait longer',
      }),
      rows: Type.Array(
        Type.Object({
          rank: Type.Integer(),
          productId: Type.String(),
          name: Nullable(Type.String()),
          units: Type.Integer(),
          revenue: Type.Integer(),
          refundedUnits: Type.Integer(),
          refundedRevenue: Type.Integer(),
        }),
      ),
    }),
    refusals: ['invalid_request'],
    idempotency: 'natural',
  }),
  salesByDay: operation({
    summary: 'The figures behind the ranking, by day, country and product; units and revenue before refunds',
    http: { method: 'GET', path: '/bestsellers/days', status: 200 },
    access: staff,
    input: Type.Object(
      {
        from: Type.Optional(Day),
        to: Type.Optional(Day),
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
        cursor: Cursor,
      },
      closed,
    ),
    output: Type.Object({
      rows: Type.Array(
        Type.Object({
          day: Type.String(),
          country: Type.String(),
          productId: Type.String(),
          units: Type.Integer(),
          revenue: Type.Integer(),
          refundedUnits: Type.Integer(),
          refundedRevenue: Type.Integer(),
        }),
      ),
      nextCursor: NextCursor,
    }),
    refusals: ['invalid_request'],
    idempotency: 'natural',
  }),
  rebuildRanking: operation({
    summary: 'Build the ranking anew from the orders, beside the old one, and switch when it is complete',
    http: { method: 'POST', path: '/bestsellers/rebuilds', status: 200 },
    access: ['administrator'],
    input: Type.Object({}, closed),
    output: Type.Object({ generation: Type.Integer(), orders: Type.Integer() }),
    refusals: ['request_in_flight'],
    idempotency: 'natural',
  }),
  compareRanking: operation({
    summary: 'Compare the ranking with the orders; events under way may show as differences',
    http: { method: 'POST', path: '/bestsellers/comparisons', status: 200 },
    access: staff,
    input: Type.Object({}, closed),
    output: Type.Object({
      compared: Type.Integer(),
      differences: Type.Integer(),
      examples: Type.Array(Type.String()),
    }),
    refusals: [],
    idempotency: 'natural',
  }),
} as const
