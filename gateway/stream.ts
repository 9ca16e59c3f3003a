// The answer of a GET as server-sent events: it is asked for again and again by this process, at a pace that slows
// down, and told whenever it has changed, until it is final. Nobody's place is held while it waits: a stream is no
// request in flight, and what it asks is as cheap as asking for it over HTTP.

import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Call } from '../platform/contract/call.ts'
import type { StreamBinding } from '../platform/contract/operation.ts'
import { type Result, refuse, type Success } from '../platform/contract/result.ts'
import { Exchange } from './exchange.ts'
import type { Host } from './host.ts'
import { requestIdOf } from './request-id.ts'
import { enter, type Route } from './route.ts'

/** Streams at once: each is a connection of some 20 KB, and asks once a second. */
const STREAMS_MOST = 2_000
/** Pauses between two askings, ms: soon after it began, whoever waits long is told once a second. */
const PAUSE_FIRST_MS = 50
const PAUSE_MOST_MS = 1_000
const PAUSE_GROWTH = 1.5
/** Longest life, ms: below the minute after which proxies cut, and a right that was taken away bites by then. */
const LIFE_MS = 55_000
/** A line that says nothing, ms: proxies and phones drop connections that are silent for half a minute. */
const HEARTBEAT_MS = 15_000
/** What a client has not taken yet, bytes: a state is some 500, so this one reads nothing any more. */
const UNREAD_MOST = 64 * 1024

const full = refuse('overloaded', 'As many streams as this process bears are open.', {
  retryAfter: 5,
}).refusal

/** All streams of one gateway. */
export class Streams {
  private readonly open = new Set<StreamExchange>()

  private readonly most: number

  constructor(most = STREAMS_MOST) {
    this.most = most
  }

  get full(): boolean {
    return this.open.size >= this.most
  }
  add(stream: StreamExchange): void {
    this.open.add(stream)
  }
  remove(stream: StreamExchange): void {
    this.open.delete(stream)
  }
  /** Of this principal, or all: who still wants to know asks again. */
  end(principalId: string | null = null): void {
    for (const stream of [...this.open]) if (principalId === null || stream.isOf(principalId)) stream.end()
  }
}

export function streamHandler(host: Host, route: Route, binding: StreamBinding, streams: Streams) {
  return (request: FastifyRequest, reply: FastifyReply): void => {
    reply.hijack()
    const now = host.clock()
    const id = requestIdOf(request.raw.headers['x-request-id'])
    const exchange = new StreamExchange(host, route, reply, id, now, binding, streams)
    try {
      const refusal = streams.full ? full : enter(exchange, request, now)
      if (refusal) exchange.refuse(refusal)
    } catch (error) {
      exchange.fail(error)
    }
  }
}

export class StreamExchange extends Exchange {
  private readonly binding: StreamBinding
  private readonly streams: Streams
  private readonly endsAt: number
  /** Asks the operation; set once it is known who asks for what. */
  private again: (() => Promise<Result<unknown>>) | null = null
  private principalId = ''
  private last = ''
  private pause = PAUSE_FIRST_MS
  private toldAt = 0
  private timer: NodeJS.Timeout | null = null
  private begun = false

  constructor(
    host: Host,
    route: Route,
    reply: FastifyReply,
    requestId: string,
    now: number,
    binding: StreamBinding,
    streams: Streams,
  ) {
    super(host, route, reply.raw, requestId, now + host.requestTimeout)
    this.binding = binding
    this.streams = streams
    this.endsAt = now + LIFE_MS
  }

  override ask(call: Call, input: never): Promise<Result<unknown>> {
    this.principalId = call.principal.id
    // Each asking has a deadline of its own.
    this.again = () => {
      const deadline = this.host.clock() + this.host.requestTimeout
      return this.route.call({ ...call, deadline }, input)
    }
    return this.again()
  }

  isOf(principalId: string): boolean {
    return this.principalId === principalId
  }

  override settle(result: Result<unknown>): void {
    // The first answer decides whether there is a stream; a refusal is an answer like any other.
    if (!this.begun && (!result.ok || this.answered)) {
      super.settle(result)
      return
    }
    if (!this.begun) this.begin()
    if (this.response.destroyed || this.response.writableEnded) return
    // A refusal now: asked anew it hears why.
    if (!result.ok || this.isOver(result)) this.end()
    else {
      this.timer = setTimeout(() => this.askAgain(), this.pause)
      this.pause = Math.min(PAUSE_MOST_MS, this.pause * PAUSE_GROWTH)
    }
  }

  /** Tells the state. True: it was the last one. */
  private isOver(result: Success<unknown>): boolean {
    this.tell(result)
    const state = (result.value as Readonly<Record<string, unknown>>)[this.binding.field]
    const isFinal = !this.binding.goesOn.includes(String(state))
    const now = this.host.clock()
    return isFinal || this.host.draining || now >= this.endsAt || this.response.writableLength > UNREAD_MOST
  }

  override fail(error: unknown): void {
    super.fail(error)
    if (this.begun) this.end()
  }

  end(): void {
    if (this.timer !== null) clearTimeout(this.timer)
    this.streams.remove(this)
    if (!this.response.writableEnded) this.response.end()
  }

  private begin(): void {
    this.begun = true
    this.host.inFlight.remove(this)
    this.streams.add(this)
    this.response.on('close', () => this.end())
    this.toldAt = this.host.clock()
    this.open()
  }

  private tell({ value, json }: Success<unknown>): void {
    const text = json ?? JSON.stringify(value)
    const now = this.host.clock()
    if (text !== this.last) this.response.write(`event: state\ndata: ${text}\n\n`)
    else if (now - this.toldAt >= HEARTBEAT_MS) this.response.write(':\n\n')
    else return
    this.last = text
    this.toldAt = now
  }

  private askAgain(): void {
    this.timer = null
    this.again!().then(
      result => this.settle(result),
      (error: unknown) => this.fail(error),
    )
  }
}
