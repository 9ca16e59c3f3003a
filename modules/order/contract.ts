// What the order module offers. It owns orders and stock; nobody else reads their tables.

import { Type } from 'typebox'
import {
  ClientId,
  Country,
  Cursor,
  Email,
  Id,
  LINES_MOST,
  Line,
  Money,
  NextCursor,
  Nullable,
  OneOf,
  PageLimit,
  ProductId,
  Quantity,
  Time,
} from '../../platform/contract/fields.ts'
import { operation } from '../../platform/contract/operation.ts'

const closed = { additionalProperties: false } as const

export const OrderState = OneOf('reserving', 'placed', 'paying', 'paid', 'refunded', 'cancelled', 'expired')

export const OrderLine = Type.Object({
  lineNo: Type.Integer({ description: 'From 0, in the order of the request' }),
  productId: Type.String(),
  quantity: Type.Integer(),
  unitPrice: Type.Integer(),
  discount: Type.Integer({ description: 'Share of the coupon, minor units' }),
  points: Type.Integer({ description: 'Share of the points, one minor unit each' }),
  cancelled: Type.Integer({ description: 'Units cancelled before payment' }),
  refunded: Type.Integer({ description: 'Units refunded after payment' }),
})

/** An order as its owner sees it. */
export const Order = Type.Object({
  orderId: Type.String(),
  state: OrderState,
  version: Type.Integer(),
  currency: Type.String(),
  goodsTotal: Type.Integer({ description: 'Sum of quantity × unit price over what is not cancelled' }),
  discount: Type.Integer(),
  points: Type.Integer(),
  total: Type.Integer({ description: 'To pay, or paid: goods less discount less points' }),
  refundedTotal: Type.Integer({ description: 'Money given back so far' }),
  country: Nullable(Type.String()),
  couponId: Nullable(Type.String()),
  placedAt: Type.Integer(),
  expiresAt: Nullable(Type.Integer()),
  reason: Nullable(Type.String()),
  lines: Type.Array(OrderLine),
})

/** The short answer to a placed order: all that the buyer needs to pay. */
export const PlacedOrder = Type.Object({
  orderId: Type.String(),
  state: OrderState,
  total: Type.Integer(),
  currency: Type.String(),
  placedAt: Type.Integer(),
  expiresAt: Nullable(Type.Integer()),
})

const LineRequest = Type.Object(
  {
    productId: ProductId,
    quantity: Quantity,
    unitPrice: Type.Optional(Money),
  },
  closed,
)

/** Some units of some lines. */
const LineParts = Type.Array(
  Type.Object({ lineNo: Type.Integer({ minimum: 0, maximum: LINES_MOST }), quantity: Quantity }, closed),
  { minItems: 1, maxItems: LINES_MOST },
)

const Stock = Type.Object({
  productId: Type.String(),
  initial: Type.Integer(),
  adjusted: Type.Integer(),
  available: Type.Integer(),
  reserved: Type.Integer(),
  sold: Type.Integer(),
  returned: Type.Integer(),
  version: Type.Integer(),
})

const buyer = ['guest', 'customer', 'channel', 'operator', 'administrator'] as const
const staff = ['operator', 'administrator'] as const

const StepDone = Type.Object({ orderId: Type.String(), state: OrderState })

export const orderContract = {
  placeOrder: operation({
    summary: 'Place an order: reserves its stock until it is paid, cancelled or expired',
    http: { method: 'POST', path: '/orders', status: 201 },
    access: buyer,
    input: Type.Object(
      {
        orderId: Type.Optional(ClientId),
        lines: Type.Array(LineRequest, { minItems: 1, maxItems: LINES_MOST }),
        /** What the shopper was shown as the sum to pay; refused with the new one if it differs. */
        expectedTotal: Money,
        email: Type.Optional(Email),
        country: Type.Optional(Country),
        couponId: Type.Optional(Id),
        points: Type.Optional(Money),
        /** Sales channels only: when the sale happened there. */
        businessTime: Type.Optional(Time),
      },
      closed,
    ),
    output: PlacedOrder,
    refusals: [
      'out_of_stock',
      'price_changed',
      'product_unknown',
      'product_withdrawn',
      'not_on_sale_yet',
      'purchase_limit',
      'members_only',
      'amount_too_large',
      'insufficient_points',
      'coupon_unknown',
      'coupon_not_usable',
      'id_taken',
      'forbidden',
      'lock_timeout',
    ],
    idempotency: 'key',
  }),
  getOrder: operation({
    summary: 'One order; a guest without the session shows the secret of the link in the mail',
    http: { method: 'GET', path: '/orders/:orderId', status: 200 },
    access: ['public'],
    input: Type.Object({ orderId: Id, secret: Type.Optional(Type.String({ maxLength: 64 })) }, closed),
    output: Order,
    refusals: ['not_found'],
    idempotency: 'natural',
  }),
  listOrders: operation({
    summary: 'Orders, newest first; staff may ask for any owner’s',
    http: { method: 'GET', path: '/orders', status: 200 },
    access: buyer,
    input: Type.Object(
      {
        state: Type.Optional(OrderState),
        owner: Type.Optional(Id),
        from: Type.Optional(Time),
        to: Type.Optional(Time),
        limit: PageLimit,
        cursor: Cursor,
      },
      closed,
    ),
    output: Type.Object({ orders: Type.Array(PlacedOrder), nextCursor: NextCursor }),
    refusals: ['forbidden', 'invalid_request'],
    idempotency: 'natural',
  }),
  cancelOrder: operation({
    summary: 'Cancel an unpaid order, whole or some units of some lines',
    http: { method: 'POST', path: '/orders/:orderId/cancellations', status: 200 },
    access: buyer,
    input: Type.Object(
      { orderId: Id, lines: Type.Optional(LineParts), reason: Type.Optional(Line(200)) },
      closed,
    ),
    output: Order,
    refusals: ['not_found', 'order_state', 'quantity_exceeded', 'lock_timeout'],
    idempotency: 'key',
  }),
  refundOrder: operation({
    summary: 'Refund a paid order, whole or some units of some lines',
    http: { method: 'POST', path: '/orders/:orderId/refunds', status: 201 },
    access: buyer,
    input: Type.Object(
      {
        orderId: Id,
        refundId: Type.Optional(ClientId),
        lines: Type.Optional(LineParts),
        /** Staff and channels may keep damaged goods out of stock. */
        restock: Type.Optional(Type.Boolean()),
        reason: Type.Optional(Line(200)),
        /** Sales channels only: when it happened there. */
        businessTime: Type.Optional(Time),
      },
      closed,
    ),
    output: Type.Object({
      refundId: Type.String(),
      orderId: Type.String(),
      state: OneOf('pending', 'done'),
      amount: Type.Integer({ description: 'Money given back' }),
      points: Type.Integer({ description: 'Points given back' }),
      clawedBack: Type.Integer({ description: 'Points that the order had earned, taken back' }),
      lines: Type.Array(Type.Object({ lineNo: Type.Integer(), quantity: Type.Integer() })),
    }),
    refusals: ['not_found', 'order_state', 'quantity_exceeded', 'forbidden', 'id_taken', 'lock_timeout'],
    idempotency: 'key',
  }),
  adjustStock: operation({
    summary: 'Add or remove stock, with a reason, by compare-and-set where a version is given',
    http: { method: 'POST', path: '/stock/:productId/adjustments', status: 200 },
    access: staff,
    input: Type.Object(
      {
        productId: ProductId,
        change: Type.Integer({ minimum: -1_000_000_000, maximum: 1_000_000_000 }),
        reason: Line(200),
        version: Type.Optional(Type.Integer({ minimum: 0 })),
      },
      closed,
    ),
    output: Stock,
    refusals: ['product_unknown', 'stock_below_zero', 'version_conflict', 'lock_timeout'],
    idempotency: 'key',
  }),
  getStock: operation({
    summary: 'The stock of a product, with every part of its equation',
    http: { method: 'GET', path: '/stock/:productId', status: 200 },
    access: staff,
    input: Type.Object({ productId: ProductId }, closed),
    output: Stock,
    refusals: ['product_unknown'],
    idempotency: 'natural',
  }),
  stockJournal: operation({
    summary: 'Every change of a product’s stock, newest first, without a gap in its versions',
    http: { method: 'GET', path: '/stock/:productId/journal', status: 200 },
    access: staff,
    input: Type.Object({ productId: ProductId, limit: PageLimit, cursor: Cursor }, closed),
    output: Type.Object({
      changes: Type.Array(
        Type.Object({
          version: Type.Integer(),
          kind: Type.String(),
          quantity: Type.Integer(),
          orderId: Nullable(Type.String()),
          reason: Nullable(Type.String()),
          actor: Type.String(),
          at: Type.Integer(),
        }),
      ),
      nextCursor: NextCursor,
    }),
    refusals: ['product_unknown', 'invalid_request'],
    idempotency: 'natural',
  }),

  // — for siblings only —

  openStock: operation({
    summary: 'Give products their first stock and offer; those that have one are left alone',
    access: ['administrator'],
    input: Type.Object({
      products: Type.Array(
        Type.Object({
          productId: ProductId,
          initial: Type.Integer({ minimum: 0 }),
          price: Money,
          version: Type.Integer(),
        }),
      ),
    }),
    output: Type.Object({ opened: Type.Integer() }),
    refusals: [],
    idempotency: 'natural',
  }),
  stockOf: operation({
    summary: 'What is available now of these products',
    access: ['public'],
    input: Type.Object({ productIds: Type.Array(ProductId, { maxItems: 1000 }) }),
    output: Type.Object({
      stock: Type.Array(Type.Object({ productId: Type.String(), available: Type.Integer() })),
    }),
    refusals: [],
    idempotency: 'natural',
  }),
  claimForPayment: operation({
    summary: 'placed → paying, for one payment; the same payment again is answered the same',
    access: buyer,
    input: Type.Object({ orderId: Id, paymentId: Id }),
    output: Type.Object({
      orderId: Type.String(),
      amount: Type.Integer(),
      currency: Type.String(),
      owner: Type.String(),
      memberId: Nullable(Type.String()),
      email: Nullable(Type.String()),
      channelId: Nullable(Type.String()),
    }),
    refusals: ['not_found', 'order_state', 'payment_open', 'lock_timeout'],
    idempotency: 'natural',
  }),
  releasePayment: operation({
    summary: 'paying → placed, by the payment that holds it',
    access: buyer,
    input: Type.Object({ orderId: Id, paymentId: Id }),
    output: StepDone,
    refusals: ['not_found', 'order_state', 'lock_timeout'],
    idempotency: 'natural',
  }),
  markPaid: operation({
    summary: 'paying → paid: reserved stock is sold',
    access: buyer,
    input: Type.Object({ orderId: Id, paymentId: Id, paidAt: Time }),
    output: StepDone,
    refusals: ['not_found', 'order_state', 'lock_timeout'],
    idempotency: 'natural',
  }),
  paidLines: operation({
    summary: 'All paid orders by id, with what was refunded: the source of the ranking',
    access: staff,
    input: Type.Object({ cursor: Cursor, limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })) }),
    output: Type.Object({
      orders: Type.Array(
        Type.Object({
          orderId: Type.String(),
          version: Type.Integer({ description: 'Version of the newest event that these figures contain' }),
          businessTime: Type.Integer(),
          country: Nullable(Type.String()),
          lines: Type.Array(
            Type.Object({
              productId: Type.String(),
              quantity: Type.Integer(),
              revenue: Type.Integer(),
              refundedQuantity: Type.Integer(),
              refundedRevenue: Type.Integer(),
            }),
          ),
        }),
      ),
      nextCursor: NextCursor,
    }),
    refusals: [],
    idempotency: 'natural',
  }),
} as const
