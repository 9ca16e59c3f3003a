// What people and the operator can do with ladders: look, hold one on a rung for a while, let it go.

import { Type } from 'typebox'
import { operation } from '../../platform/contract/operation.ts'
import { ladderNames } from '../../resilience/ladders.ts'
import { PIN_MOST_MS } from '../../resilience/pins.ts'

const closed = { additionalProperties: false } as const
const staff = ['operator', 'administrator'] as const

const LadderName = Type.Enum([...ladderNames], { description: 'Name of a ladder' })
const Moment = Type.Integer({ description: 'Epoch milliseconds' })

const PinView = Type.Object({
  rung: Type.String(),
  by: Type.String({ description: 'Who did it' }),
  reason: Type.String(),
  since: Moment,
  until: Type.Integer({ description: 'Epoch milliseconds: then it is released by itself' }),
})

export const LadderView = Type.Object({
  process: Type.String(),
  service: Type.String(),
  ladder: Type.String(),
  standing: Type.String({ description: 'The rung that calls take' }),
  pin: Type.Union([PinView, Type.Null()]),
  rungs: Type.Array(
    Type.Object({
      rung: Type.String(),
      phase: Type.String({ description: '`in`, `out`, or `trial`: given a growing share of the calls' }),
      cause: Type.Union([Type.String(), Type.Null()], { description: 'Why it is out, or was last' }),
      since: Moment,
      stay: Type.Integer({
        description: 'Milliseconds that it stays out when it is; more with each relapse',
      }),
    }),
    { description: 'Best first' },
  ),
  saidAt: Moment,
})

export const ladderContract = {
  listLadders: operation({
    summary: 'Where every process stands on each of its ladders, and why',
    http: { method: 'GET', path: '/ladders', status: 200 },
    access: staff,
    input: Type.Object({}, closed),
    output: Type.Object({
      ladders: Type.Array(LadderView),
      complete: Type.Boolean({
        description: 'False: the ledger cannot be asked, so only the process that answers is shown',
      }),
    }),
    refusals: [],
    idempotency: 'natural',
  }),
  pinLadder: operation({
    summary: 'Hold a ladder on a rung in all processes, within a second, until a moment',
    http: { method: 'PUT', path: '/ladders/:ladder/pin', status: 200 },
    access: staff,
    input: Type.Object(
      {
        ladder: LadderName,
        rung: Type.String({ minLength: 1, maxLength: 20 }),
        reason: Type.String({ minLength: 3, maxLength: 200 }),
        seconds: Type.Integer({
          minimum: 1,
          maximum: PIN_MOST_MS / 1000,
          description: 'Until it is released',
        }),
      },
      closed,
    ),
    output: Type.Object({
      pin: PinView,
      everywhere: Type.Boolean({
        description: 'False: the ledger cannot be asked, so only the process that answers has it',
      }),
    }),
    refusals: ['invalid_request'],
    idempotency: 'natural',
  }),
  releaseLadder: operation({
    summary: 'Let a ladder move by itself again',
    http: { method: 'DELETE', path: '/ladders/:ladder/pin', status: 200 },
    access: staff,
    input: Type.Object({ ladder: LadderName }, closed),
    output: Type.Object({ released: Type.Boolean({ description: 'False: it was not pinned' }) }),
    refusals: [],
    idempotency: 'natural',
  }),
} as const
