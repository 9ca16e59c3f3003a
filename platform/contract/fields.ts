// The fields that contracts share, each with its limit and the reason.

import { Type } from 'typebox'

/** Most that one amount may be, minor units (10 billion pounds): sums of a million of them stay below 2^53. */
export const MONEY_MOST = 1_000_000_000_000
/** Most units in one line: above any order of the December file (the largest has five digits), below overflow. */
export const QUANTITY_MOST = 100_000
/** Most lines in one order: the longest invoice of the December file has fewer than 700. */
export const LINES_MOST = 1_000

/** An id made by Levee or by the client: letters, digits, `_`, `-`; 1 to 64 characters; compared as bytes. */
export const Id = Type.String({ minLength: 1, maxLength: 64, pattern: '^[A-Za-z0-9_.-]+$' })
/** An id that the client chooses: long enough not to be guessed or to collide. */
export const ClientId = Type.String({
  minLength: 8,
  maxLength: 40,
  pattern: '^[A-Za-z0-9_-]+$',
  examples: ['order-6f1c2f0e'],
})
/** A stock code of the shop: printable ASCII without space, 1 to 32; upper and lower case differ. */
export const ProductId = Type.String({
  minLength: 1,
  maxLength: 32,
  pattern: '^[\\x21-\\x7e]+$',
  examples: ['85123A'],
})
/** Minor units of the shop's currency (pence). */
export const Money = Type.Integer({
  minimum: 0,
  maximum: MONEY_MOST,
  description: 'Minor units of the currency',
})
/** Whole units, from one up. */
export const Quantity = Type.Integer({ minimum: 1, maximum: QUANTITY_MOST })
/** Milliseconds since 1970-01-01T00:00:00Z. */
export const Time = Type.Integer({
  minimum: 0,
  maximum: 8_640_000_000_000,
  description: 'Milliseconds since 1970-01-01T00:00:00Z',
})
/** One line of text for people, without control characters. */
export const Line = (maxLength: number, minLength = 1) =>
  Type.String({ minLength, maxLength, pattern: '^[^\\u0000-\\u001f\\u007f]*$' })
export const Email = Type.String({
  minLength: 3,
  maxLength: 254,
  pattern: '^[^\\s@\\u0000-\\u001f\\u007f]+@[^\\s@\\u0000-\\u001f\\u007f]+$',
  examples: ['guest@example.org'],
})
/** Where an order goes, as the shop's channels name it ("United Kingdom"). */
export const Country = Line(56)
/** A calendar day in the shop's time zone. */
export const Day = Type.String({
  pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$',
  description: 'YYYY-MM-DD in shop.timeZone',
})

/** Most rows of a page. */
export const PAGE_MOST = 100
export const PageLimit = Type.Optional(Type.Integer({ minimum: 1, maximum: PAGE_MOST, default: 20 }))
/** Where the next page begins; opaque. The longest of ours holds a name of 200 characters of four bytes: 1,126 in base64url. */
export const Cursor = Type.Optional(
  Type.String({ minLength: 1, maxLength: 1_200, pattern: '^[A-Za-z0-9_-]+$' }),
)
export const NextCursor = Type.Union([Type.String(), Type.Null()])
/** A string or null, an integer or null: what is not known is null, never zero. */
export const Nullable = <T extends ReturnType<typeof Type.String> | ReturnType<typeof Type.Integer>>(
  schema: T,
) => Type.Union([schema, Type.Null()])
/** One of these words. */
export const OneOf = <const T extends string>(...values: readonly T[]) =>
  Type.Unsafe<T>({ type: 'string', enum: [...values] })
