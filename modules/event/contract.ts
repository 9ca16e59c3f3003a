// What operators can do about events that a consumer could not take.

import { Type } from 'typebox'
import { Cursor, NextCursor, PageLimit } from '../../platform/contract/fields.ts'
import { operation } from '../../platform/contract/operation.ts'

const closed = { additionalProperties: false } as const
const staff = ['operator', 'administrator'] as const

/** Name of a consumer, as the inbox keeps it: up to 40 characters. */
const ConsumerName = Type.String({ minLength: 1, maxLength: 40, pattern: '^[a-z][a-z0-9.-]*$' })
/** Id of what the events are about: an order, a product; printable ASCII, as wide as the ledger's ids. */
const EventKey = Type.String({ minLength: 1, maxLength: 64, pattern: '^[\\x21-\\x7e]+$' })

export const DeadLetter = Type.Object({
  seq: Type.Integer({ description: 'Grows; the order of parking' }),
  consumer: Type.String(),
  key: Type.String(),
  version: Type.Integer(),
  type: Type.String(),
  cause: Type.String({
    description:
      'The error; `behind N` waits for letter N of its key; `down: …` is revived without being asked',
  }),
  parkedAt: Type.Integer(),
})

export const eventContract = {
  listDeadLetters: operation({
    summary: 'Events that a consumer could not take, oldest first. What they tell of persons is left out',
    http: { method: 'GET', path: '/dead-letters', status: 200 },
    access: staff,
    input: Type.Object({ consumer: Type.Optional(ConsumerName), limit: PageLimit, cursor: Cursor }, closed),
    output: Type.Object({ letters: Type.Array(DeadLetter), nextCursor: NextCursor }),
    refusals: ['invalid_request'],
    idempotency: 'natural',
  }),
  replayDeadLetters: operation({
    summary: 'Hand the dead letters of one key to their consumer again, in order, until one fails',
    http: { method: 'POST', path: '/dead-letters/replays', status: 200 },
    access: staff,
    input: Type.Object({ consumer: ConsumerName, key: EventKey }, closed),
    output: Type.Object({
      replayed: Type.Integer({ description: 'Letters that took effect and are gone' }),
      failed: Type.Integer({ description: 'Letters that failed again; later ones of the key wait behind' }),
    }),
    refusals: ['not_found'],
    idempotency: 'natural',
  }),
} as const
