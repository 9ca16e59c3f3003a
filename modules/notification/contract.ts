// What the notification module offers. It owns the queue of mails; of orders it hears by event.

import { Type } from 'typebox'
import { Cursor, Email, Id, Line, NextCursor, Nullable, PageLimit } from '../../platform/contract/fields.ts'
import { operation } from '../../platform/contract/operation.ts'

const closed = { additionalProperties: false } as const
const staff = ['operator', 'administrator'] as const

/** `<order id>:<version>` for orders, an id of the caller's otherwise. */
const MailId = Type.String({ minLength: 1, maxLength: 100, pattern: '^[A-Za-z0-9_.:-]+$' })

export const MailState = Type.Union([Type.Literal('queued'), Type.Literal('sent'), Type.Literal('failed')])

/** Mails that siblings ask for; somebody waits for them, so they go before news of orders. */
export const LetterTemplate = Type.Union([Type.Literal('confirm'), Type.Literal('reset')])

/** A mail as staff see it: never its content, which may hold a secret link. */
export const Mail = Type.Object({
  mailId: Type.String(),
  to: Type.String(),
  template: Type.String(),
  state: MailState,
  attempts: Type.Integer(),
  cause: Nullable(Type.String({ description: 'Why the last attempt failed' })),
  createdAt: Type.Integer(),
  nextAt: Type.Integer({ description: 'Queued: the next attempt; else when it was sent or given up' }),
})

export const notificationContract = {
  listMails: operation({
    summary: 'Mails in one state, newest first: those that failed, unless told otherwise',
    http: { method: 'GET', path: '/mails', status: 200 },
    access: staff,
    input: Type.Object({ state: Type.Optional(MailState), limit: PageLimit, cursor: Cursor }, closed),
    output: Type.Object({ mails: Type.Array(Mail), nextCursor: NextCursor }),
    refusals: ['invalid_request'],
    idempotency: 'natural',
  }),
  retryMail: operation({
    summary: 'Queue a failed mail once more; any other stays as it is',
    http: { method: 'POST', path: '/mails/:mailId/retries', status: 200 },
    access: staff,
    input: Type.Object({ mailId: MailId }, closed),
    output: Mail,
    refusals: ['not_found'],
    idempotency: 'natural',
  }),

  // — for siblings only —

  queueMail: operation({
    summary: 'Queue a mail; the same mail id again changes nothing',
    access: staff,
    input: Type.Object({
      mailId: Id,
      to: Email,
      template: LetterTemplate,
      data: Type.Object({ name: Nullable(Line(100)), link: Line(1000), token: Line(100) }),
    }),
    output: Type.Object({ mailId: Type.String() }),
    refusals: [],
    idempotency: 'natural',
    secret: true,
  }),
} as const
