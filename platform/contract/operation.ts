// What a module offers, as data: from one description come the routes, the OpenAPI document, the typed
// client and the type of the module's door.

import type { Static, TObject, TSchema } from 'typebox'
import type { Call, Role } from './call.ts'
import type { RefusalCode } from './catalogue.ts'
import type { Result } from './result.ts'

/** Who may call: `public` needs no identity; the others are roles (staff and channels hold them too). */
export type Access = 'public' | 'guest' | Role

/** How an operation looks over HTTP. Path parameters are written `:name` and are fields of the input. */
export interface HttpBinding {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below `/v1`. */
  readonly path: string
  /** Status of a success. */
  readonly status: 200 | 201 | 202 | 204
  /** A success may also be `accepted`, with status 202: not done yet. */
  readonly mayAccept?: true
  /** Only with GET: the answer can also be watched. */
  readonly stream?: StreamBinding
}

/** The same answer as server-sent events, each time that it has changed, until it is final. */
export interface StreamBinding {
  /** Added to the path. */
  readonly path: string
  /** The answer is final once this field of it holds none of `goesOn`. */
  readonly field: string
  readonly goesOn: readonly string[]
}

/**
 * One operation of a module. `input` is one flat object: over HTTP the fields named in the path come from
 * there, the rest from the query (GET, DELETE) or the JSON body (POST, PUT, PATCH).
 */
export interface Operation<I extends TObject = TObject, O extends TSchema = TSchema> {
  readonly summary: string
  /** Absent: callable by siblings only, never through the gateway. */
  readonly http?: HttpBinding
  /** Any one of these is enough. Who owns the thing asked for is checked by the operation itself. */
  readonly access: readonly Access[]
  readonly input: I
  readonly output: O
  /** Codes this operation itself may answer; the gateway adds its own (limits, validation, identity). */
  readonly refusals: readonly RefusalCode[]
  /** `key`: changes something and needs an Idempotency-Key; `natural`: a repeat changes nothing anyway. */
  readonly idempotency: 'key' | 'natural'
  /** True where the input or answer holds a secret: never stored with the idempotency key, never logged. */
  readonly secret?: boolean
}

export type Contract = Readonly<Record<string, Operation>>

/** The input and the output of an operation as types. */
export type Input<O extends Operation> = Static<O['input']>
export type Output<O extends Operation> = Static<O['output']>

/** The door of a module: one function an operation, the same in one process and over HTTP. */
export type Door<C extends Contract> = {
  readonly [K in keyof C]: (call: Call, input: Input<C[K]>) => Promise<Result<Output<C[K]>>>
}

/** Keeps the literal types of one operation. */
export function operation<I extends TObject, O extends TSchema>(
  description: Operation<I, O>,
): Operation<I, O> {
  return description
}
