// Requests that reach no operation: unknown paths, wrong methods, unreadable bodies, broken HTTP.

import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Refusal, refuse } from '../platform/contract/result.ts'
import { RouteTimes } from '../platform/metrics/http-metrics.ts'
import { Exchange } from './exchange.ts'
import type { Host } from './host.ts'
import { requestIdOf } from './request-id.ts'
import type { Route } from './route.ts'

/** Where requests are counted that found no route: under no path, or anybody could make up labels. */
export function strayRoute(): Route {
  return {
    operation: 'none',
    method: '',
    status: 200,
    access: 0,
    idempotency: 'natural',
    readInput: () => refuse('not_found', 'There is nothing here.'),
    call: () => Promise.resolve(refuse('not_found', 'There is nothing here.')),
    times: new RouteTimes('_OTHER', ''),
  }
}

/** Codes of Fastify that are the client's doing. */
const refusals: Readonly<Record<string, Refusal>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: refuse('body_too_large', 'The body is longer than the limit.').refusal,
  FST_ERR_CTP_INVALID_MEDIA_TYPE: refuse('unsupported_media_type', 'Bodies are application/json.').refusal,
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: refuse(
    'malformed_body',
    'The body is not as long as Content-Length says.',
  ).refusal,
  FST_ERR_MAX_PARAM_LENGTH: refuse('invalid_request', 'A part of the path is longer than any id.').refusal,
  FST_ERR_BAD_URL: refuse('malformed_request', 'The path cannot be decoded.').refusal,
}

/** Answers with problem documents wherever Fastify itself would speak. `patterns`: all routes, to say what there is. */
export function handleStrays(
  app: FastifyInstance,
  host: Host,
  route: Route,
  patterns: readonly Pattern[],
): (error: unknown, request: FastifyRequest, reply: FastifyReply) => void {
  const open = (request: FastifyRequest, reply: FastifyReply): Exchange => {
    reply.hijack()
    return new Exchange(host, route, reply.raw, requestIdOf(request.raw.headers['x-request-id']), 0)
  }
  const onError = (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const exchange = open(request, reply)
    // What is left of the body stays unread.
    exchange.close = true
    const refusal = refusalOf(error as FastifyError)
    if (refusal) exchange.refuse(refusal)
    else exchange.fail(error)
  }
  app.setErrorHandler(onError)
  app.setNotFoundHandler((request, reply) => {
    const exchange = open(request, reply)
    const path = request.raw.url!.split('?', 1)[0]!
    const methods = patterns.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method)
    if (methods.includes('GET')) methods.push('HEAD')
    if (methods.length > 0) exchange.allow = [...new Set(methods)].sort().join(', ')
    const refused =
      exchange.allow === null
        ? refuse('not_found', 'There is nothing at this path.')
        : refuse('method_not_allowed', `Here there is ${exchange.allow}.`)
    exchange.refuse(refused.refusal)
  })
  return onError
}

function refusalOf(error: FastifyError): Refusal | null {
  const known = refusals[error.code]
  if (known) return known
  const { statusCode } = error
  if (statusCode === undefined || statusCode < 400 || statusCode >= 500) return null
  return refuse('malformed_body', 'The body could not be read.').refusal
}

export interface Pattern {
  readonly method: string
  readonly pattern: RegExp
}

/** A path of a contract as a regular expression. */
export function patternOf(method: string, path: string): Pattern {
  const text = path.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/:[A-Za-z0-9_]+/g, '[^/]+')
  return { method, pattern: new RegExp(`^${text}$`) }
}
