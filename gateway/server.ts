// The one door in front of all modules: from their contracts to an HTTP server.

import type { FastifyInstance } from 'fastify'
import type { Call, Principal } from '../platform/contract/call.ts'
import type { Contract, StreamBinding } from '../platform/contract/operation.ts'
import type { Result } from '../platform/contract/result.ts'
import type { Log } from '../platform/log/log.ts'
import { RouteTimes } from '../platform/metrics/http-metrics.ts'
import type { Metrics } from '../platform/metrics/metrics.ts'
import type { Clock } from '../platform/module.ts'
import { accessMask } from './access.ts'
import { addressReader } from './address.ts'
import { serveDocs } from './docs-page.ts'
import { serveHealth } from './health.ts'
import type { Host } from './host.ts'
import { Identities } from './identity.ts'
import { InFlight } from './in-flight.ts'
import { openServer } from './open-server.ts'
import { openApiDocument } from './openapi.ts'
import { Outbound } from './outbound.ts'
import { type Rate, RateLimit } from './rate-limit.ts'
import { inputReader } from './read-input.ts'
import { requestLog } from './request-log.ts'
import { type Route, routeHandler } from './route.ts'
import { handleStrays, patternOf, strayRoute } from './strays.ts'
import { Streams, streamHandler } from './stream.ts'

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
  /** Most answers watched at once; absent: 2,000. */
  readonly streamsMost?: number
  /** Addresses and networks whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[]
  /** `/metrics` wants it as a bearer token; empty: nothing. */
  readonly metricsToken: string
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
  /** Resolves when the ledger answers. */
  ready(): Promise<void>
  readonly metrics: Metrics
  /** Of this implementation, for the OpenAPI document. */
  readonly version: string
}

export interface Gateway {
  readonly app: FastifyInstance
  /** Takes effect at once in this process: the sessions and rights of this principal are asked for anew. */
  forget(principalId: string): void
  /** No new work; resolves when all answers are given, or after `patience` ms. True: nothing was left. */
  drain(patience: number): Promise<boolean>
  /** Ends all connections; in order after `drain`. */
  close(): Promise<void>
}

/** How often overdue requests are looked for, ms: deadlines are seconds, so a tick late is on time. */
const DEADLINE_TICK_MS = 25
/** How long open connections may take to end by themselves at `close`, ms: their answers are given by then. */
const CLOSE_WAIT_MS = 1_000

export function createGateway(deps: GatewayDeps): Gateway {
  const { clock, modules } = deps
  const host = hostOf(deps)
  const { inFlight } = host
  const streams = new Streams(deps.settings.streamsMost)
  const stray = strayRoute()
  const routes = modules.flatMap(routesOf)
  const app = openServer(deps.settings.bodyLimit, (error, request, reply) => onError(error, request, reply))
  const patterns = routes.map(({ route, path }) => patternOf(route.method, path))
  const onError = handleStrays(app, host, stray, patterns)
  for (const { route, path, stream } of routes) {
    // A head would have no end to wait for.
    if (stream) app.route({ method: 'GET', url: path, handler: streamHandler(host, route, stream, streams) })
    else {
      const handler = routeHandler(host, route)
      app.route({ method: route.method === 'GET' ? ['GET', 'HEAD'] : route.method, url: path, handler })
    }
  }
  serveHealth(app, { ...deps, metricsToken: deps.settings.metricsToken, draining: () => host.draining })
  serveDocs(app, () => openApiDocument(modules, deps.version))
  deps.metrics.watchHttp({
    routes: [stray.times, ...routes.map(({ route }) => route.times)],
    refusals: host.refusals,
    active: () => inFlight.size,
  })
  const tick = setInterval(() => {
    for (const exchange of inFlight.expired(clock())) exchange.expire()
  }, DEADLINE_TICK_MS)
  tick.unref()

  return {
    app,
    forget(principalId) {
      host.identities.forget(principalId)
      streams.end(principalId)
    },
    async drain(patience) {
      host.draining = true
      streams.end()
      const timedOut = new Promise<void>(resolve => setTimeout(resolve, patience).unref())
      await Promise.race([inFlight.empty(), timedOut])
      return inFlight.size === 0
    },
    async close() {
      host.draining = true
      streams.end()
      clearInterval(tick)
      const timer = setTimeout(() => app.server.closeAllConnections(), CLOSE_WAIT_MS)
      await app.close()
      clearTimeout(timer)
    },
  }
}

function hostOf(deps: GatewayDeps): Host {
  const { clock, log, settings } = deps
  return {
    clock,
    log,
    inFlight: new InFlight(),
    outbound: new Outbound(error => log.error({ err: error }, 'an answer could not be written')),
    inFlightMost: settings.inFlightMost,
    requestTimeout: settings.requestTimeout,
    identities: new Identities(deps, clock),
    identityLimit: new RateLimit(settings.identityRate),
    addressLimit: new RateLimit(settings.addressRate),
    credentialLimit: new RateLimit(settings.addressRate),
    addressOf: addressReader(settings.trustedProxies),
    draining: false,
    refusals: new Map(),
    requestLog: requestLog(log, clock),
  }
}

interface Placed {
  readonly route: Route
  readonly path: string
  /** The answer is watched here. */
  readonly stream?: StreamBinding
}

function routesOf({ name, contract, door }: Served): Placed[] {
  return Object.entries(contract).flatMap(([operationName, operation]) => {
    const { http, access, idempotency } = operation
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
    if (!http.stream) return [{ route, path }]
    const watched = `${path}${http.stream.path}`
    const times = new RouteTimes(http.method, watched)
    return [
      { route, path },
      { route: { ...route, times }, path: watched, stream: http.stream },
    ]
  })
}
