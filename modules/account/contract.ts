// What the account module offers: members and their sessions, roles, sales channels and their keys.
//
// Operations that take a password or give out a token are `natural`: their answers hold secrets, so none is
// kept to be repeated. A repeat of signing in, exchanging or issuing makes one more token or key and harms
// nothing; a repeat of the others is refused, because what it asks for was done.

import { Type } from 'typebox'
import { Cursor, Email, Id, Line, NextCursor, Nullable, PageLimit } from '../../platform/contract/fields.ts'
import { operation } from '../../platform/contract/operation.ts'

const closed = { additionalProperties: false } as const
const anybody = ['guest', 'customer', 'channel', 'operator', 'administrator'] as const
const administrator = ['administrator'] as const

/** 10: what NIST SP 800-63B asks beside a limit on attempts, and two more. 200: a sentence; a hash has to read it all. */
const Password = Type.String({ minLength: 10, maxLength: 200 })
/** What was stored as a password may be tried; anything longer never was one. */
const GivenPassword = Type.String({ minLength: 1, maxLength: 200 })
/** 32 random bytes, base64url. */
const Token = Type.String({ minLength: 43, maxLength: 43, pattern: '^[A-Za-z0-9_-]+$' })
const Name = Line(100)
/** What another system calls a customer, such as a till's customer number. */
const ExternalRef = Line(64)
/** Roles that are granted; every member is a customer. */
export const GrantedRole = Type.Union([Type.Literal('operator'), Type.Literal('administrator')])
const Roles = Type.Array(Type.String(), { description: 'customer, operator, administrator, channel' })

const Nothing = Type.Object({})

export const Session = Type.Object({
  sessionId: Type.String(),
  current: Type.Boolean({ description: 'The one that asks' }),
  channelId: Nullable(Type.String({ description: 'The sales channel that speaks for the member in it' })),
  createdAt: Type.Integer(),
  lastSeenAt: Type.Integer({ description: 'Up to ten minutes old' }),
  expiresAt: Type.Integer(),
})

export const Member = Type.Object({
  memberId: Type.String(),
  email: Nullable(Type.String()),
  confirmed: Type.Boolean(),
  name: Nullable(Type.String()),
  memberRef: Nullable(Type.String()),
  roles: Roles,
  createdAt: Type.Integer(),
})

export const ChannelKey = Type.Object({
  keyId: Type.String(),
  createdAt: Type.Integer(),
  /** Null: until it is rotated or revoked. */
  expiresAt: Nullable(Type.Integer()),
  revokedAt: Nullable(Type.Integer()),
})

export const Channel = Type.Object({
  channelId: Type.String(),
  name: Type.String(),
  createdAt: Type.Integer(),
  keys: Type.Array(ChannelKey, { description: 'Newest first' }),
})

export const accountContract = {
  // — members: getting in —

  register: operation({
    summary: 'Open an account; a mail asks to confirm the address, within 24 hours',
    http: { method: 'POST', path: '/members', status: 201 },
    access: ['public'],
    input: Type.Object({ email: Email, password: Password, name: Type.Optional(Name) }, closed),
    output: Type.Object({ memberId: Type.String(), email: Type.String() }),
    refusals: ['email_taken', 'too_many_attempts', 'overloaded', 'deadline_exceeded', 'invalid_request'],
    idempotency: 'natural',
    secret: true,
  }),
  requestConfirmation: operation({
    summary: 'Send the confirmation mail once more; the answer never tells whether there is an account',
    http: { method: 'POST', path: '/members/confirmation-mails', status: 202 },
    access: ['public'],
    input: Type.Object({ email: Email }, closed),
    output: Nothing,
    refusals: ['too_many_attempts'],
    idempotency: 'natural',
  }),
  confirmEmail: operation({
    summary: 'Confirm the address with the token of the mail',
    http: { method: 'POST', path: '/members/confirmations', status: 200 },
    access: ['public'],
    input: Type.Object({ token: Token }, closed),
    output: Type.Object({ memberId: Type.String() }),
    refusals: ['token_invalid'],
    idempotency: 'natural',
    secret: true,
  }),
  signIn: operation({
    summary: 'Sign in: a token for the Authorization header (Bearer), 30 days, or 7 days unused',
    http: { method: 'POST', path: '/sessions', status: 201 },
    access: ['public'],
    input: Type.Object({ email: Email, password: GivenPassword }, closed),
    output: Type.Object({
      token: Type.String(),
      sessionId: Type.String(),
      memberId: Type.String(),
      roles: Roles,
      expiresAt: Type.Integer(),
    }),
    refusals: [
      'bad_credentials',
      'email_unconfirmed',
      'too_many_attempts',
      'overloaded',
      'deadline_exceeded',
    ],
    idempotency: 'natural',
    secret: true,
  }),
  requestPasswordReset: operation({
    summary: 'Send a mail with a reset link; the answer never tells whether there is an account',
    http: { method: 'POST', path: '/password-resets', status: 202 },
    access: ['public'],
    input: Type.Object({ email: Email }, closed),
    output: Nothing,
    refusals: ['too_many_attempts'],
    idempotency: 'natural',
  }),
  resetPassword: operation({
    summary: 'Set a new password with the token of the mail; ends all sessions and confirms the address',
    http: { method: 'POST', path: '/password-resets/completions', status: 200 },
    access: ['public'],
    input: Type.Object({ token: Token, password: Password }, closed),
    output: Type.Object({ memberId: Type.String() }),
    refusals: ['token_invalid', 'overloaded', 'deadline_exceeded'],
    idempotency: 'natural',
    secret: true,
  }),

  // — members: oneself —

  me: operation({
    summary: 'Who the shop takes me for',
    http: { method: 'GET', path: '/me', status: 200 },
    access: anybody,
    input: Type.Object({}, closed),
    output: Type.Object({
      kind: Type.Union([Type.Literal('guest'), Type.Literal('member'), Type.Literal('channel')]),
      id: Type.String(),
      email: Nullable(Type.String()),
      name: Nullable(Type.String()),
      roles: Roles,
      channelId: Nullable(Type.String()),
    }),
    refusals: ['unauthenticated'],
    idempotency: 'natural',
  }),
  changePassword: operation({
    summary: 'Set a new password; ends all other sessions',
    http: { method: 'POST', path: '/me/password', status: 200 },
    access: ['customer'],
    input: Type.Object({ password: GivenPassword, newPassword: Password }, closed),
    output: Type.Object({ revoked: Type.Integer({ description: 'Sessions that were ended' }) }),
    refusals: ['bad_credentials', 'too_many_attempts', 'forbidden', 'overloaded', 'deadline_exceeded'],
    idempotency: 'natural',
    secret: true,
  }),
  signOut: operation({
    summary: 'End this session',
    http: { method: 'DELETE', path: '/sessions/current', status: 200 },
    access: ['guest'],
    input: Type.Object({}, closed),
    output: Type.Object({ revoked: Type.Integer() }),
    refusals: ['not_found'],
    idempotency: 'natural',
  }),
  listSessions: operation({
    summary: 'My sessions, newest first: at most a hundred',
    http: { method: 'GET', path: '/sessions', status: 200 },
    access: ['customer'],
    input: Type.Object({}, closed),
    output: Type.Object({ sessions: Type.Array(Session) }),
    refusals: ['forbidden'],
    idempotency: 'natural',
  }),
  revokeSession: operation({
    summary: 'End one of my sessions; every process knows within five seconds',
    http: { method: 'DELETE', path: '/sessions/:sessionId', status: 200 },
    access: ['customer'],
    input: Type.Object({ sessionId: Id }, closed),
    output: Type.Object({ revoked: Type.Integer() }),
    refusals: ['not_found', 'forbidden'],
    idempotency: 'natural',
  }),
  revokeAllSessions: operation({
    summary: 'End all my sessions, this one too',
    http: { method: 'DELETE', path: '/sessions', status: 200 },
    access: ['customer'],
    input: Type.Object({}, closed),
    output: Type.Object({ revoked: Type.Integer() }),
    refusals: ['forbidden'],
    idempotency: 'natural',
  }),

  // — staff —

  listMembers: operation({
    summary: 'Members, newest first; or the one with this address or reference',
    http: { method: 'GET', path: '/members', status: 200 },
    access: ['operator', 'administrator'],
    input: Type.Object(
      {
        email: Type.Optional(Email),
        memberRef: Type.Optional(ExternalRef),
        role: Type.Optional(GrantedRole),
        limit: PageLimit,
        cursor: Cursor,
      },
      closed,
    ),
    output: Type.Object({ members: Type.Array(Member), nextCursor: NextCursor }),
    refusals: ['invalid_request'],
    idempotency: 'natural',
  }),
  grantRole: operation({
    summary: 'Give a member a role; only to a confirmed address',
    http: { method: 'PUT', path: '/members/:memberId/roles/:role', status: 200 },
    access: administrator,
    input: Type.Object({ memberId: Id, role: GrantedRole }, closed),
    output: Type.Object({ memberId: Type.String(), roles: Roles }),
    refusals: ['not_found', 'email_unconfirmed'],
    idempotency: 'natural',
  }),
  revokeRole: operation({
    summary: 'Take a role away; the last administrator stays one',
    http: { method: 'DELETE', path: '/members/:memberId/roles/:role', status: 200 },
    access: administrator,
    input: Type.Object({ memberId: Id, role: GrantedRole }, closed),
    output: Type.Object({ memberId: Type.String(), roles: Roles }),
    refusals: ['not_found', 'last_administrator'],
    idempotency: 'natural',
  }),
  auditTrail: operation({
    summary:
      'What staff and channels did, newest first; a page may be short: follow nextCursor until it is null',
    http: { method: 'GET', path: '/audit', status: 200 },
    access: administrator,
    input: Type.Object(
      { actor: Type.Optional(Id), channelId: Type.Optional(Id), limit: PageLimit, cursor: Cursor },
      closed,
    ),
    output: Type.Object({
      acts: Type.Array(
        Type.Object({
          at: Type.Integer(),
          actor: Type.String(),
          channelId: Nullable(Type.String()),
          operation: Type.String(),
          requestId: Type.String(),
          subject: Type.String(),
          detail: Type.Record(Type.String(), Type.Unknown()),
        }),
      ),
      nextCursor: NextCursor,
    }),
    refusals: ['invalid_request'],
    idempotency: 'natural',
  }),

  // — sales channels —

  createChannel: operation({
    summary: 'Open a sales channel: a till, a marketplace connector',
    http: { method: 'POST', path: '/channels', status: 201 },
    access: administrator,
    input: Type.Object({ name: Name }, closed),
    output: Channel,
    refusals: [],
    idempotency: 'key',
  }),
  listChannels: operation({
    summary: 'Sales channels with their keys, newest first',
    http: { method: 'GET', path: '/channels', status: 200 },
    access: administrator,
    input: Type.Object({ limit: PageLimit, cursor: Cursor }, closed),
    output: Type.Object({ channels: Type.Array(Channel), nextCursor: NextCursor }),
    refusals: ['invalid_request'],
    idempotency: 'natural',
  }),
  issueChannelKey: operation({
    summary: 'Issue a key, shown this once; older keys work on for `overlapSeconds` (default a day)',
    http: { method: 'POST', path: '/channels/:channelId/keys', status: 201 },
    access: administrator,
    input: Type.Object(
      {
        channelId: Id,
        overlapSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 604_800, default: 86_400 })),
      },
      closed,
    ),
    output: Type.Object({
      channelId: Type.String(),
      keyId: Type.String(),
      key: Type.String({ description: 'For the Authorization header: `Channel <key>`' }),
    }),
    refusals: ['not_found'],
    idempotency: 'natural',
    secret: true,
  }),
  revokeChannelKey: operation({
    summary: 'End a key at once, and every token that the channel has exchanged so far',
    http: { method: 'DELETE', path: '/channels/:channelId/keys/:keyId', status: 200 },
    access: administrator,
    input: Type.Object({ channelId: Id, keyId: Id }, closed),
    output: ChannelKey,
    refusals: ['not_found'],
    idempotency: 'natural',
  }),
  exchangeToken: operation({
    summary:
      'As a sales channel, get a token (one hour) to speak for one of its customers: a member or a guest',
    http: { method: 'POST', path: '/channel-tokens', status: 201 },
    access: ['channel'],
    input: Type.Object(
      {
        memberRef: Type.Optional(ExternalRef),
        memberId: Type.Optional(Id),
        /** The channel's name for a guest: the same one is the same guest each time. */
        guestRef: Type.Optional(Line(64)),
        /** A guest whom the channel will not know again. */
        guest: Type.Optional(Type.Literal(true)),
      },
      { ...closed, description: 'Exactly one of these' },
    ),
    output: Type.Object({
      token: Type.String(),
      sessionId: Type.String(),
      principalId: Type.String(),
      expiresAt: Type.Integer(),
    }),
    refusals: ['not_found', 'invalid_request', 'forbidden'],
    idempotency: 'natural',
    secret: true,
  }),

  // — for siblings and the start only —

  importMembers: operation({
    summary: 'Members known elsewhere, by their reference; those that are there get their newest name',
    access: administrator,
    input: Type.Object({
      members: Type.Array(Type.Object({ ref: ExternalRef, name: Type.Optional(Name) }), { maxItems: 1000 }),
    }),
    output: Type.Object({
      created: Type.Integer(),
      members: Type.Array(Type.Object({ ref: Type.String(), memberId: Type.String() })),
    }),
    refusals: [],
    idempotency: 'natural',
  }),
  bootstrapAdministrator: operation({
    summary: 'Make the first administrator of a ledger, with a password told this once',
    access: administrator,
    input: Type.Object({ email: Email }),
    output: Type.Object({ created: Type.Boolean(), password: Nullable(Type.String()) }),
    refusals: ['overloaded', 'deadline_exceeded'],
    idempotency: 'natural',
    secret: true,
  }),
} as const
