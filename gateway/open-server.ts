// Fastify as the gateway uses it: its router and its reading of bodies, with a limit on everything that waits.

import { isUtf8 } from 'node:buffer'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { RefusalCode } from '../platform/contract/catalogue.ts'
import { refuse } from '../platform/contract/result.ts'
import { PROBLEM_TYPE, problem, statusOf } from './problem.ts'
import { requestIdOf } from './request-id.ts'

/** Longest time to send the head of a request, ms; ten times what a slow phone needs. */
const HEADERS_TIMEOUT_MS = 10_000
/** Longest time to send a whole request, ms: 256 KiB at 10 KiB/s. Slower ones hold a connection for nothing. */
const RECEIVE_TIMEOUT_MS = 30_000
/** How often Node looks for those two, ms: its own 30 s would triple the first. */
const TIMEOUT_CHECK_MS = 5_000
/** How long an idle connection stays, ms: longer than the 60 s of usual load balancers, so that they close first. */
const KEEP_ALIVE_MS = 75_000
/** Connections at once: each costs some 20 KB, and a file descriptor, of which services have 20,000 and more. */
const CONNECTIONS_MOST = 10_000
/** Longest path parameter, characters: ids have at most 64, each of which may be percent-encoded. */
const PARAM_MOST = 256

type OnError = (error: unknown, request: FastifyRequest, reply: FastifyReply) => void

/** `onError` is asked where Fastify fails before it knows the route. */
export function openServer(bodyLimit: number, onError: OnError): FastifyInstance {
  const app = Fastify({
    logger: false,
    bodyLimit,
    requestTimeout: RECEIVE_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    http: { headersTimeout: HEADERS_TIMEOUT_MS, connectionsCheckingInterval: TIMEOUT_CHECK_MS },
    routerOptions: { maxParamLength: PARAM_MOST },
    // Refusing while stopping is ours: with a problem document.
    return503OnClosing: false,
    exposeHeadRoutes: false,
    requestIdHeader: false,
    genReqId: () => '',
    frameworkErrors: onError,
    clientErrorHandler: refuseBrokenHttp,
  })
  app.server.maxConnections = CONNECTIONS_MOST
  // Bodies are JSON and arrive at the handler as text: a refusal before reading them costs nothing.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body: Buffer, done) => {
    if (isUtf8(body)) done(null, body.length === 0 ? undefined : body.toString())
    else done(Object.assign(new Error('not UTF-8'), { statusCode: 400 }))
  })
  return app
}

const BROKEN: Readonly<Record<string, RefusalCode>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
}

/** What arrived is no request: there is no way to answer but by hand. */
function refuseBrokenHttp(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const { refusal } = refuse(
    BROKEN[error.code ?? ''] ?? 'malformed_request',
    'The request could not be read.',
  )
  const body = problem(refusal, requestIdOf(undefined))
  const status = statusOf(refusal.code)
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `content-type: ${PROBLEM_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}
