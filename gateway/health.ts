// `/health/live`: this process runs. `/health/ready`: it can serve. `/metrics`: for Prometheus.

import { timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Refusal, refuse } from '../platform/contract/result.ts'
import type { Metrics } from '../platform/metrics/metrics.ts'
import type { Clock } from '../platform/module.ts'
import { PROBLEM_TYPE, problem, statusOf } from './problem.ts'
import { requestIdOf } from './request-id.ts'

/** Longest a readiness check may take, ms: shorter than the 5 s that probes usually wait. */
const READY_WAIT_MS = 2_000
/** How long an answer about readiness holds, ms: probes in crowds ask the ledger four times a second at most. */
const READY_TTL_MS = 250

const stopping = refuse('shutting_down', 'This process takes no more requests.', { retryAfter: 1 }).refusal
const unready = refuse('ledger_unavailable', 'The ledger does not answer.', { retryAfter: 1 }).refusal

export interface HealthDeps {
  readonly clock: Clock
  /** Resolves when what a request needs answers (the ledger's ping); rejects or hangs when it does not. */
  ready(): Promise<void>
  draining(): boolean
  readonly metrics: Metrics
  /** What `/metrics` wants as `Authorization: Bearer`; empty: nothing, for a shop that only its own machine reaches. */
  readonly metricsToken: string
}

export function serveHealth(app: FastifyInstance, deps: HealthDeps): void {
  const ready = coalesced(deps)
  app.get('/health/live', (_request, reply) => json(reply, { status: 'live' }))
  app.get('/health/ready', async (request, reply) => {
    if (deps.draining()) return refused(request, reply, stopping)
    return (await ready()) ? json(reply, { status: 'ready' }) : refused(request, reply, unready)
  })
  app.get('/metrics', async (request, reply) => {
    if (!holds(request.headers.authorization, deps.metricsToken))
      return refused(request, reply, refuse('unauthenticated', '/metrics wants its token.').refusal)
    return reply
      .headers({ 'cache-control': 'no-store', 'content-type': deps.metrics.contentType })
      .send(await deps.metrics.text())
  })
}

/** One check at a time, its answer kept for a moment. */
function coalesced({ clock, ready }: HealthDeps): () => Promise<boolean> {
  let answer: Promise<boolean> | null = null
  let until = 0
  return () => {
    if (answer === null || clock() >= until) {
      answer = within(ready())
      // Held from when it is known; until then all wait for the same.
      until = Number.POSITIVE_INFINITY
      void answer.then(() => {
        until = clock() + READY_TTL_MS
      })
    }
    return answer
  }
}

function within(work: Promise<void>): Promise<boolean> {
  return new Promise(resolve => {
    const timer = setTimeout(() => resolve(false), READY_WAIT_MS)
    const done = (ok: boolean) => {
      clearTimeout(timer)
      resolve(ok)
    }
    work.then(
      () => done(true),
      () => done(false),
    )
  })
}

function holds(authorization: string | undefined, token: string): boolean {
  if (token === '') return true
  const given = Buffer.from(authorization ?? '')
  const wanted = Buffer.from(`Bearer ${token}`)
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}

function json(reply: FastifyReply, body: object): FastifyReply {
  return reply.headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }).send(body)
}

function refused(request: FastifyRequest, reply: FastifyReply, refusal: Refusal): FastifyReply {
  return reply
    .code(statusOf(refusal.code))
    .headers({
      'cache-control': 'no-store',
      'content-type': PROBLEM_TYPE,
      ...(refusal.retryAfter === undefined ? {} : { 'retry-after': refusal.retryAfter }),
    })
    .send(problem(refusal, requestIdOf(request.headers['x-request-id'])))
}
