// What the product module offers: the catalogue. Stock is shown here and owned by the order module.

import { Type } from 'typebox'
import {
  Cursor,
  Line,
  Money,
  NextCursor,
  Nullable,
  OneOf,
  PageLimit,
  ProductId,
  Time,
} from '../../platform/contract/fields.ts'
import { operation } from '../../platform/contract/operation.ts'

const closed = { additionalProperties: false } as const
const administrator = ['administrator'] as const

export const Product = Type.Object({
  productId: Type.String(),
  name: Type.String(),
  price: Type.Integer(),
  currency: Type.String(),
  onSale: Type.Boolean(),
  saleStartsAt: Nullable(Type.Integer()),
  memberLimit: Nullable(Type.Integer()),
  version: Type.Integer(),
  available: Type.Integer({ description: 'As of `asOf`: what counts is decided when an order is placed' }),
  asOf: Type.Integer({ description: 'When this was read; never older than product.staleness' }),
})

/** Most units a member may be limited to. */
const Limit = Type.Integer({ minimum: 1, maximum: 100_000 })

const terms = {
  name: Line(200),
  price: Money,
  onSale: Type.Boolean(),
  saleStartsAt: Type.Union([Time, Type.Null()]),
  memberLimit: Type.Union([Limit, Type.Null()]),
}

export const productContract = {
  listProducts: operation({
    summary: 'The catalogue by pages; `q`: all these words in the name',
    http: { method: 'GET', path: '/products', status: 200 },
    access: ['public'],
    input: Type.Object(
      {
        q: Type.Optional(Line(100)),
        order: Type.Optional(OneOf('id', 'name')),
        limit: PageLimit,
        cursor: Cursor,
      },
      closed,
    ),
    output: Type.Object({ products: Type.Array(Product), nextCursor: NextCursor }),
    refusals: ['invalid_request'],
    idempotency: 'natural',
  }),
  getProduct: operation({
    summary: 'One product with its price and what is available',
    http: { method: 'GET', path: '/products/:productId', status: 200 },
    access: ['public'],
    input: Type.Object({ productId: ProductId }, closed),
    output: Product,
    refusals: ['product_unknown'],
    idempotency: 'natural',
  }),
  createProduct: operation({
    summary: 'A new product; its stock begins at zero and is added by an adjustment',
    http: { method: 'POST', path: '/products', status: 201 },
    access: administrator,
    input: Type.Object(
      {
        productId: ProductId,
        name: terms.name,
        price: terms.price,
        onSale: Type.Optional(terms.onSale),
        saleStartsAt: Type.Optional(terms.saleStartsAt),
        memberLimit: Type.Optional(terms.memberLimit),
      },
      closed,
    ),
    output: Product,
    refusals: ['id_taken'],
    idempotency: 'key',
  }),
  editProduct: operation({
    summary: 'Change a product by compare-and-set; `onSale: false` withdraws it',
    http: { method: 'PATCH', path: '/products/:productId', status: 200 },
    access: administrator,
    input: Type.Object(
      {
        productId: ProductId,
        version: Type.Integer({ minimum: 1 }),
        name: Type.Optional(terms.name),
        price: Type.Optional(terms.price),
        onSale: Type.Optional(terms.onSale),
        saleStartsAt: Type.Optional(terms.saleStartsAt),
        memberLimit: Type.Optional(terms.memberLimit),
      },
      closed,
    ),
    output: Product,
    refusals: ['product_unknown', 'version_conflict'],
    idempotency: 'key',
  }),

  // — for siblings only —

  importProducts: operation({
    summary: 'Products from a file; those that are here with the same name and price are left alone',
    access: administrator,
    input: Type.Object({
      products: Type.Array(Type.Object({ productId: ProductId, name: Line(200), price: Money }), {
        maxItems: 1000,
      }),
    }),
    output: Type.Object({ created: Type.Integer(), changed: Type.Integer() }),
    refusals: [],
    idempotency: 'natural',
  }),
  namesOf: operation({
    summary: 'The names of these products',
    access: ['public'],
    input: Type.Object({ productIds: Type.Array(ProductId, { maxItems: 1000 }) }),
    output: Type.Object({
      names: Type.Array(Type.Object({ productId: Type.String(), name: Type.String() })),
    }),
    refusals: [],
    idempotency: 'natural',
  }),
} as const
