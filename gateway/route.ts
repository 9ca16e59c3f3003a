// The way of one request through the front door: identity, limits, access, key, input, call. Everything that
// can be known beforehand is resolved when the route is made; a request that is known adds one promise.

import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Call } from '../platform/contract/call.ts'
import type { Operation } from '../platform/contract/operation.ts'
import { type Refusal, type Result, refuse } from '../platform/contract/result.ts'
import type { RouteTimes } from '../platform/metrics/http-metrics.ts'
import { Exchange } from './exchange.ts'
import type { Host } from './host.ts'
import { idempotencyKey, isKey } from './idempotency-key.ts'
import { anonymous, type Identity } from './identity.ts'
import type { Fields, InputReader } from './read-input.ts'
import { requestIdOf } from './request-id.ts'

export interface Route {
  /** `order.placeOrder`: the scope of idempotency keys and the name in logs. */
  readonly operation: string
  readonly method: string
  readonly status: number
  readonly access: number
  readonly idempotency: Operation['idempotency']
  readonly readInput: InputReader
  readonly call: (call: Call, input: never) => Promise<Result<unknown>>
  readonly times: RouteTimes
}

/** Text of the body, or undefined; set by the content type parser. */
type Request = FastifyRequest<{ Params: Fields; Querystring: Fields; Body: string | undefined }>

const no = {
  stopping: refuse('shutting_down', 'This process takes no more requests.', { retryAfter: 1 }).refusal,
  full: refuse('overloaded', 'As many requests as this process bears are under way.', { retryAfter: 1 })
    .refusal,
  strange: refuse('unauthenticated', 'The Authorization header names no valid session, guest or channel.')
    .refusal,
  anonymous: refuse('unauthenticated', 'This needs an identity.').refusal,
  lowly: refuse('forbidden', 'This identity may not do this.').refusal,
  keyless: refuse('idempotency_key_required', 'Idempotency-Key must be 8 to 128 printable characters.')
    .refusal,
  twin: refuse('request_in_flight', 'A request with this key is being worked on.', { retryAfter: 1 }).refusal,
  late: refuse('invalid_request', 'x-deadline-ms must be a whole number of milliseconds, 1 or more.', {
    fields: { errors: [{ path: 'x-deadline-ms', message: 'must be a whole number of milliseconds' }] },
  }).refusal,
}

const DEADLINE = /^[1-9]\d{0,8}$/

export function routeHandler(host: Host, route: Route) {
  return (request: FastifyRequest, reply: FastifyReply): void => {
    // Answered by hand: Fastify's way of sending costs as much as the rest of this file.
    reply.hijack()
    const now = host.clock()
    const id = requestIdOf(request.raw.headers['x-request-id'])
    const exchange = new Exchange(host, route, reply.raw, id, now + host.requestTimeout)
    try {
      const refusal = enter(exchange, request, now)
      if (refusal) exchange.refuse(refusal)
    } catch (error) {
      exchange.fail(error)
    }
  }
}

/** Null: on its way; a refusal otherwise. */
export function enter(exchange: Exchange, arrived: FastifyRequest, now: number): Refusal | null {
  const request = arrived as Request
  const { host } = exchange
  const { authorization, 'x-deadline-ms': patience } = request.raw.headers
  if (host.draining) return no.stopping
  if (host.inFlight.size >= host.inFlightMost) return no.full
  if (patience !== undefined) {
    if (typeof patience !== 'string' || !DEADLINE.test(patience)) return no.late
    exchange.deadline = now + Math.min(Number(patience), host.requestTimeout)
  }
  const identity = authorization === undefined ? anonymous : host.identities.known(authorization, now)
  if (identity === undefined) return askWho(exchange, request, authorization as string, now)
  // A header that is none of ours counts as a stranger's.
  return proceed(exchange, request, identity ?? anonymous, identity !== null, now)
}

/** From a known identity on, all in one turn of the loop. */
function proceed(
  exchange: Exchange,
  request: Request,
  identity: Identity,
  valid: boolean,
  now: number,
): Refusal | null {
  const { host, route } = exchange
  const address = host.addressOf(request.raw)
  const wait = takeToken(host, identity, address, now)
  if (wait > 0) return hasty(wait)
  if (!valid) return no.strange
  if ((identity.mask & route.access) === 0) return identity === anonymous ? no.anonymous : no.lowly
  const { raw, body } = request
  const key = raw.headers['idempotency-key']
  if (route.idempotency === 'key' && !isKey(key)) return no.keyless
  const input = route.readInput(request.params, request.query, body)
  if (!input.ok) return input.refusal
  const { principal } = identity
  const idempotency =
    route.idempotency === 'key'
      ? idempotencyKey(principal.id, route.operation, key as string, route.method, raw.url as string, body)
      : null
  if (idempotency !== null && !host.inFlight.claim(exchange, idempotency.id)) return no.twin
  if (exchange.slot < 0) host.inFlight.add(exchange)
  const { requestId, deadline } = exchange
  exchange.ask({ principal, requestId, deadline, idempotency, address }, input.value as never).then(
    result => exchange.settle(result),
    (error: unknown) => exchange.fail(error),
  )
  return null
}

/** A session or channel that was not asked about lately: the account module knows. */
function askWho(exchange: Exchange, request: Request, header: string, now: number): Refusal | null {
  const { host } = exchange
  // Guessing tokens costs the address; a right one is paid back.
  const bucket = host.credentialLimit.bucket(host.addressOf(request.raw), now)
  const wait = host.credentialLimit.take(bucket, now)
  if (wait > 0) return hasty(wait)
  host.inFlight.add(exchange)
  host.identities
    .lookUp(header)
    .then(identity => {
      if (identity !== null) host.credentialLimit.giveBack(bucket)
      if (exchange.answered) return host.inFlight.remove(exchange)
      const refusal = identity ? proceed(exchange, request, identity, true, host.clock()) : no.strange
      if (refusal) exchange.settle({ ok: false, refusal })
    })
    .catch((error: unknown) => exchange.fail(error))
  return null
}

/** 0, or the seconds to wait. Members and channels count by themselves, all others by their address. */
function takeToken(host: Host, identity: Identity, address: string, now: number): number {
  const { kind, id } = identity.principal
  if (kind === 'anonymous' || kind === 'guest') {
    return host.addressLimit.take(host.addressLimit.bucket(address, now), now)
  }
  identity.bucket ??= host.identityLimit.bucket(id, now)
  return host.identityLimit.take(identity.bucket, now)
}

const hasty = (wait: number): Refusal =>
  refuse('rate_limited', `More requests than are allowed; wait ${wait} s.`, { retryAfter: wait }).refusal
