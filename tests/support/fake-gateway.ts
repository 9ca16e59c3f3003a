// A gateway in front of a made-up module whose answers a test decides, with a clock that a test moves.

import { Type } from 'typebox'
import { createGateway, type Gateway, type GatewayDeps, type GatewaySettings } from '../../gateway/server.ts'
import type { Call, Principal } from '../../platform/contract/call.ts'
import { Id, Line, Money, Quantity } from '../../platform/contract/fields.ts'
import { operation } from '../../platform/contract/operation.ts'
import { ok, type Result } from '../../platform/contract/result.ts'
import { createLog } from '../../platform/log/log.ts'
import { createMetrics, type Metrics } from '../../platform/metrics/metrics.ts'

const closed = { additionalProperties: false } as const
const Thing = Type.Object({ thingId: Type.String(), name: Type.String() })

export const thingContract = {
  makeThing: operation({
    summary: 'Make a thing',
    http: { method: 'POST', path: '/things', status: 201 },
    access: ['guest'],
    input: Type.Object(
      {
        name: Line(20),
        count: Quantity,
        price: Type.Optional(Money),
        size: Type.Optional(Type.Integer({ minimum: 1, maximum: 9, default: 5 })),
        parts: Type.Optional(Type.Array(Type.Object({ partId: Id }, closed), { maxItems: 1000 })),
      },
      closed,
    ),
    output: Thing,
    refusals: ['id_taken', 'out_of_stock'],
    idempotency: 'key',
  }),
  changeThing: operation({
    summary: 'Change a thing',
    http: { method: 'PUT', path: '/things/:thingId/parts/:place', status: 200 },
    access: ['customer', 'administrator'],
    input: Type.Object(
      { thingId: Id, place: Type.Integer({ minimum: 0, maximum: 99 }), name: Type.Optional(Line(20)) },
      closed,
    ),
    output: Thing,
    refusals: ['not_found', 'version_conflict'],
    idempotency: 'key',
  }),
  getThing: operation({
    summary: 'One thing',
    http: { method: 'GET', path: '/things/:thingId', status: 200 },
    access: ['public'],
    input: Type.Object(
      {
        thingId: Id,
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 20 })),
        ratio: Type.Optional(Type.Number()),
        hidden: Type.Optional(Type.Boolean()),
        tags: Type.Optional(Type.Array(Type.String({ maxLength: 8 }), { maxItems: 4 })),
        state: Type.Optional(Type.Union([Type.Literal('new'), Type.Literal('old')])),
        level: Type.Optional(Type.Union([Type.Literal(1), Type.Literal(2)])),
      },
      closed,
    ),
    output: Thing,
    refusals: ['not_found'],
    idempotency: 'natural',
  }),
  dropThing: operation({
    summary: 'Drop a thing',
    http: { method: 'DELETE', path: '/things/:thingId', status: 204 },
    access: ['operator'],
    input: Type.Object({ thingId: Id, reason: Type.Optional(Line(20)) }, closed),
    output: Type.Object({}),
    refusals: ['not_found'],
    idempotency: 'natural',
  }),
  sellThing: operation({
    summary: 'Sell a thing elsewhere',
    http: { method: 'POST', path: '/things/:thingId/sales', status: 202 },
    access: ['channel'],
    input: Type.Object({ thingId: Id }, closed),
    output: Thing,
    refusals: [],
    idempotency: 'natural',
  }),
  mendThing: operation({
    summary: 'How far the mending of a thing is',
    http: {
      method: 'GET',
      path: '/things/:thingId/mending',
      status: 200,
      stream: { path: '/events', field: 'name', goesOn: ['broken', 'in work'] },
    },
    access: ['guest'],
    input: Type.Object({ thingId: Id }, closed),
    output: Thing,
    refusals: ['not_found'],
    idempotency: 'natural',
  }),
  orderThing: operation({
    summary: 'Order a thing, which may take a while',
    http: { method: 'POST', path: '/orders', status: 201, mayAccept: true },
    access: ['guest'],
    input: Type.Object({ thingId: Id }, closed),
    output: Thing,
    refusals: [],
    idempotency: 'natural',
  }),
  weighThing: operation({
    summary: 'For siblings only',
    access: ['administrator'],
    input: Type.Object({ thingId: Id }, closed),
    output: Thing,
    refusals: [],
    idempotency: 'natural',
  }),
}

type Name = keyof typeof thingContract
export type Handler = (call: Call, input: Record<string, unknown>) => Promise<Result<unknown>>

export const member = (id: string, ...roles: Principal['roles']): Principal => ({
  kind: 'member',
  id: `m_${id}`,
  roles: roles.length === 0 ? ['customer'] : roles,
  channelId: null,
  email: `${id}@example.org`,
})

export const channel = (id: string): Principal => ({
  kind: 'channel',
  id: `c_${id}`,
  roles: ['channel'],
  channelId: `c_${id}`,
  email: null,
})

export const GUEST = 'Guest 0123456789abcdefghij'

export class FakeGateway {
  readonly gateway: Gateway
  /** The clock, epoch ms. */
  now = 1_800_000_000_000
  readonly metrics: Metrics
  /** All calls that got through. */
  readonly calls: { name: string; call: Call; input: Record<string, unknown> }[] = []
  /** Tokens and keys that are good. */
  readonly sessions = new Map<string, Principal>()
  readonly channels = new Map<string, Principal>()
  /** How often the account module was asked. */
  lookups = 0
  /** What the account module waits for before it answers. */
  lookupGate: Promise<unknown> = Promise.resolve()
  outbox = async () => ({ depth: 4, oldestAge: 1500 })
  isReady: () => Promise<void> = async () => {}
  log = ''
  /** What an operation does; absent: a thing is answered. */
  handlers: Partial<Record<Name, Handler>> = {}

  constructor(settings: Partial<GatewaySettings> = {}, level: 'info' | 'debug' = 'info') {
    this.metrics = createMetrics({
      pool: () => ({ used: 1, idle: 2, waiting: 3 }),
      outbox: () => this.outbox(),
    })
    const door = Object.fromEntries(
      Object.keys(thingContract).map(name => [
        name,
        (call: Call, input: never) => this.perform(name as Name, call, input),
      ]),
    )
    const roomy = { perSecond: 100_000, burst: 100_000 }
    const deps: GatewayDeps = {
      modules: [{ name: 'thing', contract: thingContract, door }],
      clock: () => this.now,
      log: createLog({ level, name: 'test', to: { write: line => (this.log += line) } }),
      settings: {
        bodyLimit: 4_096,
        requestTimeout: 10_000,
        inFlightMost: 100,
        trustedProxies: [],
        metricsToken: '',
        identityRate: roomy,
        addressRate: roomy,
        ...settings,
      },
      identify: token => this.lookUp(this.sessions, token),
      identifyChannel: key => this.lookUp(this.channels, key),
      ready: () => this.isReady(),
      metrics: this.metrics,
      version: '1.2.3',
    }
    this.gateway = createGateway(deps)
  }

  async close(): Promise<void> {
    this.metrics.stop()
    await this.gateway.close()
  }

  /** One request without a network. */
  async ask(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD' | 'PATCH' | 'OPTIONS',
    url: string,
    more: Asked = {},
  ) {
    const { body, type = 'application/json', headers = {}, from } = more
    const payload =
      body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)
    const answer = await this.gateway.app.inject({
      method,
      url,
      headers: { ...(payload === undefined ? {} : { 'content-type': type }), ...headers },
      ...(payload === undefined ? {} : { payload }),
      ...(from === undefined ? {} : { remoteAddress: from }),
    })
    const json: unknown =
      answer.payload !== '' && /json/.test(answer.headers['content-type'] ?? '') ? answer.json() : undefined
    return {
      status: answer.statusCode,
      headers: answer.headers,
      text: answer.payload,
      json: json as Answered,
    }
  }

  /** A `makeThing` with all that it needs, some of it replaced. */
  make(body: unknown = { name: 'a', count: 1 }, headers: Record<string, string> = {}) {
    const all = { authorization: GUEST, 'idempotency-key': `key-${++this.keys}-0123`, ...headers }
    return this.ask('POST', '/v1/things', { body, headers: all })
  }

  /** Starts listening on a free port; its address. */
  listen(): Promise<string> {
    return this.gateway.app.listen({ port: 0, host: '127.0.0.1' })
  }

  private keys = 0

  private async lookUp(known: ReadonlyMap<string, Principal>, credential: string): Promise<Principal | null> {
    this.lookups++
    await this.lookupGate
    return known.get(credential) ?? null
  }

  private perform(name: Name, call: Call, input: Record<string, unknown>): Promise<Result<unknown>> {
    this.calls.push({ name, call, input })
    const handler = this.handlers[name]
    return handler ? handler(call, input) : Promise.resolve(ok({ thingId: 't1', name: 'a' }))
  }
}

interface Asked {
  readonly body?: unknown
  readonly type?: string
  readonly headers?: Record<string, string>
  readonly from?: string
}

/** A problem document, or a thing. */
export interface Answered {
  readonly [name: string]: unknown
  readonly code?: string
  readonly errors?: readonly { path: string; message: string }[]
}

/** A promise that a test keeps or breaks when it wants. */
export function held<T>(): { promise: Promise<T>; resolve(value: T): void; reject(error: unknown): void } {
  return Promise.withResolvers<T>()
}
