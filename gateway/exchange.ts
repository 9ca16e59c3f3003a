// One request and its one answer.

import type { ServerResponse } from 'node:http'
import type { Call } from '../platform/contract/call.ts'
import { type Refusal, type Refused, type Result, refuse } from '../platform/contract/result.ts'
import { Overloaded } from '../platform/limits/limited.ts'
import { ServiceUnavailable, unavailable } from '../platform/rpc/failures.ts'
import { CommitUnknown, trouble, wroteNothing } from '../platform/sql/errors.ts'
import type { Host } from './host.ts'
import { PROBLEM_TYPE, problem, statusOf } from './problem.ts'
import type { Route } from './route.ts'

const JSON_TYPE = 'application/json; charset=utf-8'

const tooLate = refuse('deadline_exceeded', 'It was not done by the deadline; it may be done yet.', {
  retryAfter: 1,
}).refusal

export class Exchange {
  readonly host: Host
  readonly route: Route
  readonly response: ServerResponse
  readonly requestId: string
  /** Epoch ms after which nobody waits any more. */
  deadline: number
  /** The idempotency id held, to turn twins away. */
  key: string | null = null
  /** Its place in the list of requests in flight; -1: in none. */
  slot = -1
  answered = false
  /** True where the connection cannot serve another request. */
  close = false
  /** The methods that there are, for 405. */
  allow: string | null = null
  private readonly startedAt: number

  constructor(host: Host, route: Route, response: ServerResponse, requestId: string, deadline: number) {
    this.host = host
    this.route = route
    this.response = response
    this.requestId = requestId
    this.deadline = deadline
    this.startedAt = performance.now()
  }

  /** Asks the operation, once it is known who asks for what. */
  ask(call: Call, input: never): Promise<Result<unknown>> {
    return this.route.call(call, input)
  }

  /** The operation has decided. */
  settle(result: Result<unknown>): void {
    this.host.inFlight.remove(this)
    if (this.answered) return
    if (!result.ok) {
      this.refuse(result.refusal)
      return
    }
    const status = result.accepted ? 202 : this.route.status
    let json = result.json
    try {
      json ??= status === 204 ? '' : JSON.stringify(result.value)
    } catch (error) {
      // A value that is no JSON is a bug; nobody above would catch it.
      this.fail(error)
      return
    }
    this.send(status, JSON_TYPE, json, 0, result.age)
  }

  /** The operation broke. What it said stays in the log. */
  fail(error: unknown): void {
    this.host.inFlight.remove(this)
    const { refusal } = explain(error)
    if (refusal.code === 'internal_error')
      this.host.log.error(
        { err: error, requestId: this.requestId, route: this.route.operation },
        'a request broke',
      )
    if (!this.answered) this.refuse(refusal)
  }

  /** Its deadline passed. The operation goes on; who repeats with the same key gets its answer. */
  expire(): void {
    this.refuse(tooLate)
  }

  refuse(refusal: Refusal): void {
    const { refusals } = this.host
    refusals.set(refusal.code, (refusals.get(refusal.code) ?? 0) + 1)
    this.send(statusOf(refusal.code), PROBLEM_TYPE, problem(refusal, this.requestId), refusal.retryAfter ?? 0)
  }

  /** The head of a stream, at once; what follows is written by whoever streams. */
  protected open(): void {
    this.answered = true
    this.response.writeHead(this.route.status, [
      ...this.headers(),
      'content-type',
      'text/event-stream; charset=utf-8',
    ])
    this.response.flushHeaders()
    this.note(this.route.status)
  }

  private headers(): string[] {
    return ['x-request-id', this.requestId, 'cache-control', 'no-store', 'x-content-type-options', 'nosniff']
  }

  private send(status: number, type: string, body: string, retryAfter = 0, age?: number): void {
    this.answered = true
    const { host, response } = this
    const headers = this.headers()
    // A 204 has neither a body nor a length.
    const length = Buffer.byteLength(body)
    if (status !== 204) headers.push('content-type', type, 'content-length', String(length))
    if (age !== undefined) headers.push('age', String(age))
    if (retryAfter > 0) headers.push('retry-after', String(retryAfter))
    if (status === 401) headers.push('www-authenticate', 'Bearer realm="levee"')
    if (this.allow !== null) headers.push('allow', this.allow)
    if (this.close || host.draining) headers.push('connection', 'close')
    // All ASCII, as most answers are: written as it lies in memory, without another look at every character.
    const encoding = length === body.length ? 'latin1' : 'utf8'
    host.outbound.add(() => {
      response.writeHead(status, headers)
      response.end(body, encoding)
    })
    this.note(status)
  }

  private note(status: number): void {
    const ms = performance.now() - this.startedAt
    this.route.times.record(status, ms)
    this.host.requestLog(this, status, ms)
  }
}

/** What a broken operation may say to the outside: whether it was the ledger, and nothing else. */
function explain(error: unknown): Refused {
  if (error instanceof CommitUnknown)
    return refuse('outcome_unknown', 'The ledger did not say whether it happened.', { retryAfter: 1 })
  if (error instanceof ServiceUnavailable) return unavailable
  if (error instanceof Overloaded)
    return refuse('overloaded', 'The ledger has no time for this at the moment.', { retryAfter: 1 })
  if (wroteNothing(error))
    return refuse('ledger_unavailable', 'The ledger cannot be reached, or has no room.', { retryAfter: 1 })
  if (trouble(error) === 'conflict')
    return refuse('lock_timeout', 'Others were faster too often.', { retryAfter: 1 })
  return refuse('internal_error', 'The request could not be completed.')
}
