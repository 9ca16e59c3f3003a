// The one door in front of all modules: from their contracts to an HTTP server.

import { isUtf8 } from 'node:buffer'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Call, Principal } from '../platform/contract/call.ts'
import type { Contract, Operation } from '../platform/contract/operation.ts'
import type { Result } from '../platform/contract/result.ts'
import type { Log } from '../platform/log/log.ts'
import { RouteTimes } from '../platform/metrics/http-times.ts'
import type { Clock } from '../platform/module.ts'
import { accessMask } from './access.ts'
import { addressReader } from './address.ts'
import type { Exchange } from './exchange.ts'
import type { Host } from './host.ts'
import { Identities } from './identity.ts'
import { InFlight } from './in-flight.ts'
import { type Rate, RateLimit } from './rate-limit.ts'
import { inputReader } from './read-input.ts'
import { type Route, routeHandler } from './route.ts'
import { handleStrays, patternOf } from './strays.ts'

/** One module as the gateway serves it. A `Door<typeof xContract>` fits `door`. */
export interface Served {
  /** Name of the module, such as `order`. */
  readonly name: string
  readonly contract: Contract
  readonly door: Readonly<Record<string, (call: Call, input: never) => Promise<Result<unknown>>>>
}

export interface GatewaySettings {
  /** Longest body, bytes. */
  readonly bodyLimit: number
  /** Longest deadline of a request, ms. */
  readonly requestTimeout: number
  /** Most requests worked on at once; more are refused as overloaded. */
  readonly inFlightMost: number
  /** Addresses and networks whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[]
  /** Of a member or a channel. */
  readonly identityRate: Rate
  /** Of an address, for whoever is not signed in. */
  readonly addressRate: Rate
}

export interface GatewayDeps {
  readonly modules: readonly Served[]
  readonly clock: Clock
  readonly log: Log
  readonly settings: GatewaySettings
  /** Who holds this session token; null: nobody any more. */
  identify(token: string): Promise<Principal | null>
  identifyChannel(key: string): Promise<Principal | null>
}

export interface Gateway {
  readonly app: FastifyInstance
  /** Takes effect at once in this process: the sessions and rights of this principal are asked for anew. */
  forget(principalId: string): void
  /** No new work; resolves when all answers are given, or after `patience` ms. True: nothing was left. */
  drain(patience: number): Promise<boolean>
  close(): Promise<void>
}

/** How often overdue requests are looked for, ms: deadlines are seconds, so a tick late is on time. */
const DEADLINE_TICK_MS = 25
/** Longest time to send the head of a request, ms; ten times what a slow phone needs. */
const HEADERS_TIMEOUT_MS = 10_000
/** Longest time to send a whole request, ms: 256 KiB at 10 KiB/s. Slower ones hold a connection for nothing. */
const RECEIVE_TIMEOUT_MS = 30_000
/** How long an idle connection stays, ms: longer than the 60 s of usual load balancers, so that they close first. */
const KEEP_ALIVE_MS = 75_000
/** Connections at once: each costs some 20 KB and a file descriptor, of which Linux gives 20,000 and more to services. */
const CONNECTIONS_MOST = 10_000
/** Longest path parameter, characters: ids have at most 64, each of which may be percent-encoded. */
const PARAM_MOST = 256

export function createGateway(deps: GatewayDeps): Gateway {
  const { clock, log, settings } = deps
  const inFlight = new InFlight()
  const host: Host = {
    clock,
    log,
    inFlight,
    inFlightMost: settings.inFlightMost,
    requestTimeout: settings.requestTimeout,
    identities: new Identities(deps, clock),
    identityLimit: new RateLimit(settings.identityRate),
    addressLimit: new RateLimit(settings.addressRate),
    credentialLimit: new RateLimit(settings.addressRate),
    addressOf: addressReader(settings.trustedProxies),
    draining: false,
    answered,
  }
  const app = Fastify({
    logger: false,
    bodyLimit: settings.bodyLimit,
    requestTimeout: RECEIVE_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    http: { headersTimeout: HEADERS_TIMEOUT_MS },
    routerOptions: { maxParamLength: PARAM_MOST },
    // Refusing while stopping is ours: with a problem document.
    return503OnClosing: false,
    exposeHeadRoutes: false,
    requestIdHeader: false,
    genReqId: () => '',
    frameworkErrors: (error, request, reply) => onError(error, request, reply),
  })
  app.server.maxConnections = CONNECTIONS_MOST
  readJsonOnly(app)
  const routes = deps.modules.flatMap(module => routesOf(module))
  for (const { route, path } of routes) {
    const handler = routeHandler(host, route)
    app.route({ method: route.method === 'GET' ? ['GET', 'HEAD'] : route.method, url: path, handler })
  }
  const onError = handleStrays(
    app,
    host,
    routes.map(({ route, path }) => patternOf(route.method, path)),
  )

  const tick = setInterval(() => {
    for (const exchange of inFlight.expired(clock())) exchange.expire()
  }, DEADLINE_TICK_MS)
  tick.unref()
  app.addHook('onClose', async () => clearInterval(tick))

  return {
    app,
    forget: principalId => host.identities.forget(principalId),
    async drain(patience) {
      host.draining = true
      let timer: NodeJS.Timeout | undefined
      const enough = new Promise<void>(resolve => {
        timer = setTimeout(resolve, patience)
      })
      await Promise.race([inFlight.empty(), enough])
      clearTimeout(timer)
      return inFlight.size === 0
    },
    async close() {
      host.draining = true
      await app.close()
    },
  }
}

function answered(exchange: Exchange, status: number, ms: number): void {
  exchange.route.times.record(status, ms)
}

function routesOf({ name, contract, door }: Served): { route: Route; path: string }[] {
  return Object.entries(contract).flatMap(([operationName, operation]) => {
    const { http, access, idempotency } = operation as Operation
    if (!http) return []
    const call = door[operationName]
    if (!call) throw new Error(`${name} has no ${operationName}, which its contract promises`)
    const path = `/v1${http.path}`
    const route: Route = {
      operation: `${name}.${operationName}`,
      method: http.method,
      status: http.status,
      access: accessMask(access),
      idempotency,
      readInput: inputReader(operation),
      call,
      times: new RouteTimes(http.method, path),
    }
    return [{ route, path }]
  })
}

/** Bodies are JSON and arrive at the handler as text: a refusal before reading them costs nothing. */
function readJsonOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body: Buffer, done) => {
    if (isUtf8(body)) done(null, body.length === 0 ? undefined : body.toString())
    else done(Object.assign(new Error('not UTF-8'), { statusCode: 400 }))
  })
}
