// The internal door of one process: calls from siblings, each signed, and health and metrics for whoever watches it.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Call } from '../contract/call.ts'
import type { Result } from '../contract/result.ts'
import type { Log } from '../log/log.ts'
import type { Clock } from '../module.ts'
import { AnswerStream, Answers } from './answer-stream.ts'
import { brokenBy, tooLate } from './failures.ts'
import { answerLine, brokenLine, type CallFrame, callOf } from './frames.ts'
import { type Stranger, Verifier } from './identity.ts'
import type { KeyRing } from './key-ring.ts'

/** Functions by name. Any `Door<C>` fits. */
export type ServedDoor = Readonly<Record<string, (call: Call, input: never) => Promise<Result<unknown>>>>

export interface DoorServerDeps {
  /** Its name in logs and in `/health`. */
  readonly service: string
  /** By name of the module. */
  readonly doors: ReadonlyMap<string, ServedDoor>
  readonly keys: KeyRing
  readonly clock: Clock
  readonly log: Log
  /** Resolves when what its calls need answers. */
  ready(): Promise<void>
  readonly metrics: { readonly contentType: string; text(): Promise<string> }
  /** What has to be known elsewhere before answers leave; null: nothing. Never rejects. */
  hold?(): Promise<void> | null
}

export interface DoorServer {
  /** Resolves to its URL. */
  listen(host: string, port: number): Promise<string>
  /** No new calls; resolves when all answers are given, or after `patience` ms. True: nothing was left. */
  drain(patience: number): Promise<boolean>
  close(): Promise<void>
  /** Calls being worked on. */
  readonly inFlight: number
}

/** Longest request, bytes: 512 calls of some 30 KB, or one page of an import. */
const BODY_MOST = 16 * 1024 * 1024
/** Most calls in one request; a caller sends fewer. */
const CALLS_MOST = 4_096
/** How long a kept connection may lie idle, ms: longer than callers keep theirs, so that they end them first. */
const KEEP_ALIVE_MS = 75_000
/** Longest time to send a request, ms: it comes from the same machine or the next rack. */
const RECEIVE_MS = 10_000
/** Connections at once: a few dozen of each process of a fleet. */
const CONNECTIONS_MOST = 4_096
/** Requests that wait to be accepted. */
const BACKLOG = 1_024
/** Sources whose wrong signatures were told to the log: an address each, no more than one can read. */
const TOLD_MOST = 1_000
/** Longest readiness check, ms. */
const READY_WAIT_MS = 2_000

export function serveDoors(deps: DoorServerDeps): DoorServer {
  const host = new DoorHost(deps)
  const server: Server = createServer(
    { keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: RECEIVE_MS, noDelay: true },
    (request, response) => host.receive(request, response),
  )
  server.maxConnections = CONNECTIONS_MOST
  return {
    listen: (name, port) =>
      new Promise((resolve, reject) => {
        server.once('error', reject)
        server.listen({ host: name, port, backlog: BACKLOG }, () => {
          const shown = name.includes(':') ? `[${name}]` : name
          resolve(`http://${shown}:${(server.address() as AddressInfo).port}`)
        })
      }),
    drain: patience => host.drain(patience),
    close: () =>
      new Promise(resolve => {
        host.draining = true
        server.close(() => resolve())
        server.closeAllConnections()
      }),
    get inFlight() {
      return host.inFlight
    },
  }
}

class DoorHost {
  draining = false
  inFlight = 0
  private readonly deps: DoorServerDeps
  private readonly verifier: Verifier
  private readonly answers = new Answers()
  private readonly told = new Set<string>()
  private empty: Array<() => void> = []

  constructor(deps: DoorServerDeps) {
    this.deps = deps
    this.verifier = new Verifier(deps.keys, deps.clock)
  }

  receive(request: IncomingMessage, response: ServerResponse): void {
    const { method, url } = request
    if (method === 'POST' && url === '/calls') {
      read(request, response, body => this.take(request, response, body))
    } else if (method === 'GET' && url === '/calls') {
      if (this.draining) stopping(response)
      else end(response, 200, 'open')
    } else if (method === 'GET' && (url === '/health' || url === '/health/live')) {
      end(response, 200, JSON.stringify({ service: this.deps.service, status: 'live', pid: process.pid }))
    } else if (method === 'GET' && url === '/health/ready') void this.tellReady(response)
    else if (method === 'GET' && url === '/metrics') void this.tellMetrics(response)
    else end(response, 404, 'nothing here')
  }

  async drain(patience: number): Promise<boolean> {
    this.draining = true
    if (this.inFlight === 0) return true
    let timer: NodeJS.Timeout | undefined
    const timedOut = new Promise<void>(resolve => {
      timer = setTimeout(resolve, patience)
    })
    await Promise.race([new Promise<void>(resolve => this.empty.push(resolve)), timedOut])
    clearTimeout(timer)
    // The last answers leave at the end of this turn.
    await new Promise<void>(resolve => setImmediate(() => setImmediate(resolve)))
    return this.inFlight === 0
  }

  private take(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
    // Whoever asks a process that stops asks another one at once: nothing of it was done here.
    if (this.draining) {
      stopping(response)
      return
    }
    const sender = this.verifier.check(request.headers, body)
    if (typeof sender === 'string') {
      this.turnAway(request, response, sender)
      return
    }
    const frames = framesOf(body)
    if (frames === null) {
      end(response, 400, 'no list of calls')
      return
    }
    const stream = new AnswerStream(response, this.answers, frames.length)
    const now = this.deps.clock()
    this.inFlight += frames.length
    for (const frame of frames) this.call(frame, now, stream)
  }

  private call(frame: CallFrame, now: number, stream: AnswerStream): void {
    const [id, remaining, door, operation, , , , , input] = frame
    if (remaining <= 0) {
      this.done(stream, answerLine(id, tooLate))
      return
    }
    const call = callOf(frame, now)
    const broke = (error: unknown): void => {
      const broken = brokenBy(error)
      if (broken === 'internal')
        this.deps.log.error(
          { err: error, requestId: call.requestId, operation: `${door}.${operation}` },
          'a call broke',
        )
      this.done(stream, brokenLine(id, broken))
    }
    try {
      const made = operationOf(this.deps.doors, door, operation)(call, input as never)
      made.then(result => this.settle(stream, id, result, broke), broke)
    } catch (error) {
      broke(error)
    }
  }

  private settle(
    stream: AnswerStream,
    id: number,
    result: Result<unknown>,
    broke: (error: unknown) => void,
  ): void {
    const held = this.deps.hold?.() ?? null
    if (held !== null) {
      void held.then(() => this.answer(stream, id, result, broke))
    } else this.answer(stream, id, result, broke)
  }

  private answer(
    stream: AnswerStream,
    id: number,
    result: Result<unknown>,
    broke: (error: unknown) => void,
  ): void {
    let line: string
    try {
      line = answerLine(id, result)
    } catch (error) {
      // A value that is no JSON is a bug; nobody above would catch it.
      broke(error)
      return
    }
    this.done(stream, line)
  }

  private done(stream: AnswerStream, line: string): void {
    stream.add(line)
    this.inFlight--
    if (this.inFlight === 0) for (const resolve of this.empty.splice(0)) resolve()
  }

  private turnAway(request: IncomingMessage, response: ServerResponse, why: Stranger): void {
    const source = request.socket.remoteAddress ?? 'unknown'
    if (!this.told.has(source) && this.told.size < TOLD_MOST) {
      this.told.add(source)
      this.deps.log.warn({ source, why }, 'a call without a valid internal identity; told once per source')
    }
    end(response, 401, 'no valid internal identity')
  }

  private async tellReady(response: ServerResponse): Promise<void> {
    const { service } = this.deps
    const ready = !this.draining && (await answers(this.deps.ready()))
    end(response, ready ? 200 : 503, JSON.stringify({ service, status: ready ? 'ready' : 'not ready' }))
  }

  private async tellMetrics(response: ServerResponse): Promise<void> {
    const { metrics } = this.deps
    try {
      end(response, 200, await metrics.text(), { 'content-type': metrics.contentType })
    } catch (error) {
      this.deps.log.error({ err: error }, 'metrics cannot be read')
      end(response, 500, 'metrics cannot be read')
    }
  }
}

function operationOf(doors: ReadonlyMap<string, ServedDoor>, door: string, operation: string) {
  const served = doors.get(door)
  // Names come from outside: `constructor` is no operation.
  if (served === undefined || !Object.hasOwn(served, operation))
    throw new Error(`there is no ${door}.${operation} here`)
  return served[operation]!
}

function read(request: IncomingMessage, response: ServerResponse, done: (body: Buffer) => void): void {
  const parts: Buffer[] = []
  let length = 0
  request.on('data', (part: Buffer) => {
    length += part.length
    if (length <= BODY_MOST) parts.push(part)
    else if (!response.headersSent) end(response, 413, 'too long', { connection: 'close' })
  })
  request.on('end', () => {
    if (length <= BODY_MOST) done(parts.length === 1 ? parts[0]! : Buffer.concat(parts))
  })
  request.on('error', () => response.destroy())
}

function framesOf(body: Buffer): readonly CallFrame[] | null {
  try {
    const frames: unknown = JSON.parse(body.toString())
    return Array.isArray(frames) && frames.length > 0 && frames.length <= CALLS_MOST ? frames : null
  } catch {
    return null
  }
}

const stopping = (response: ServerResponse): void => end(response, 503, 'stopping', { connection: 'close' })

function end(response: ServerResponse, status: number, text: string, headers: object = {}): void {
  const body = Buffer.from(text)
  response.writeHead(status, { 'content-length': body.length, 'cache-control': 'no-store', ...headers })
  response.end(body)
}

async function answers(work: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>(resolve => {
    timer = setTimeout(() => resolve(false), READY_WAIT_MS)
  })
  const inTime = await Promise.race([
    work.then(
      () => true,
      () => false,
    ),
    late,
  ])
  clearTimeout(timer)
  return inTime
}
