// A client typed by the same contracts that the gateway serves. Refusals are values, as in one process.

import { randomUUID } from 'node:crypto'
import { catalogue, type RefusalCode } from '../contract/catalogue.ts'
import type { Contract, HttpBinding, Input, Operation, Output } from '../contract/operation.ts'
import type { Result } from '../contract/result.ts'
import { HttpError } from './http-error.ts'
import { backoff, type RetryPolicy } from './retry.ts'
import { type Answer, createSender, type Sender } from './send.ts'

export interface ClientOptions {
  /** `http://127.0.0.1:8080`; operations live below its `/v1`. */
  readonly baseUrl: string
  /** `Bearer …`, `Guest …` or `Channel …`; a call's own comes first. */
  readonly authorization?: string
  /** Most connections at once. */
  readonly connections?: number
  /** Absent: a request is made once. */
  readonly retry?: RetryPolicy
  /** Shared connections, for many clients of one shop; its owner closes it. Absent: idle ones hold up no process. */
  readonly sender?: Sender
}

export interface CallOptions {
  readonly authorization?: string
  /** 8 to 128 printable characters; absent: a new random one. */
  readonly idempotencyKey?: string
  /** How long the caller waits, ms. */
  readonly deadlineMs?: number
  readonly requestId?: string
}

/** What was answered, and how. */
export type Reply<T> = Result<T> & {
  readonly status: number
  readonly requestId: string | null
  /** The key it was asked with; null where the operation needs none. */
  readonly idempotencyKey: string | null
}

export type Client<C extends Contract> = {
  /** Rejects with HttpError where no right answer came. Operations without HTTP binding throw. */
  readonly [K in keyof C]: (input: Input<C[K]>, options?: CallOptions) => Promise<Reply<Output<C[K]>>>
}

/** How long to wait beyond the deadline, ms: the gateway answers a little after it. */
const GRACE_MS = 2_000
/** How long to wait where no deadline is given, ms: above any `http.requestTimeout` that makes sense. */
const PATIENCE_MS = 30_000

export function createClient<C extends Contract>(contract: C, options: ClientOptions): Client<C> {
  const base = new URL(options.baseUrl)
  const sender = options.sender ?? createSender(base, options.connections)
  const prefix = base.pathname.replace(/\/$/, '')
  const calls = Object.entries(contract).map(([name, operation]) => {
    const { http } = operation
    if (!http) return [name, () => Promise.reject(new Error(`${name} cannot be called over HTTP`))]
    const request = requestMaker(operation, http, prefix)
    const call = (input: Fields, own: CallOptions = {}) =>
      perform(sender, request(input), operation, own, options)
    return [name, call]
  })
  return Object.fromEntries(calls) as Client<C>
}

type Fields = Readonly<Record<string, unknown>>
interface Made {
  readonly method: string
  readonly path: string
  readonly body: string | undefined
}

/** Resolves ahead which field goes where. */
function requestMaker(
  { input }: Operation,
  { method, path }: HttpBinding,
  prefix: string,
): (input: Fields) => Made {
  const parts = `${prefix}/v1${path}`.split(/:([A-Za-z0-9_]+)/)
  const inPath = new Set(parts.filter((_, i) => i % 2 === 1))
  const rest = Object.keys((input as { properties?: object }).properties ?? {}).filter(
    name => !inPath.has(name),
  )
  const inQuery = method === 'GET' || method === 'DELETE'
  return fields => {
    const filled = parts
      .map((part, i) => (i % 2 === 1 ? encodeURIComponent(String(fields[part])) : part))
      .join('')
    if (inQuery) return { method, path: filled + queryOf(fields, inPath), body: undefined }
    if (inPath.size === 0) return { method, path: filled, body: JSON.stringify(fields) }
    // Unknown fields travel too: refusing them is the server's business, and tests want to see it do so.
    const entries = Object.entries(fields).filter(([name]) => !inPath.has(name))
    const body =
      entries.length === 0 && rest.length === 0 ? undefined : JSON.stringify(Object.fromEntries(entries))
    return { method, path: filled, body }
  }
}

function queryOf(fields: Fields, inPath: ReadonlySet<string>): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(fields)) {
    if (inPath.has(name) || value === undefined || value === null) continue
    for (const one of Array.isArray(value) ? value : [value]) query.append(name, String(one))
  }
  const text = query.toString()
  return text === '' ? '' : `?${text}`
}

async function perform(
  sender: Sender,
  { method, path, body }: Made,
  operation: Operation,
  own: CallOptions,
  options: ClientOptions,
): Promise<Reply<unknown>> {
  const authorization = own.authorization ?? options.authorization
  const key = operation.idempotency === 'key' ? (own.idempotencyKey ?? randomUUID()) : null
  const headers: Record<string, string | number> = { accept: 'application/json' }
  if (authorization !== undefined) headers.authorization = authorization
  if (key !== null) headers['idempotency-key'] = key
  if (own.deadlineMs !== undefined) headers['x-deadline-ms'] = own.deadlineMs
  if (own.requestId !== undefined) headers['x-request-id'] = own.requestId
  if (body !== undefined) {
    headers['content-type'] = 'application/json'
    headers['content-length'] = Buffer.byteLength(body)
  }
  const timeout = own.deadlineMs === undefined ? PATIENCE_MS : own.deadlineMs + GRACE_MS
  const once = async () => replyOf(await sender.send({ method, path, headers, body, timeout }), key)
  try {
    return options.retry ? await backoff(options.retry, once) : await once()
  } catch (error) {
    if (error instanceof HttpError) error.idempotencyKey = key
    throw error
  }
}

interface Problem {
  readonly code: string
  readonly detail: string
}

const STANDARD = new Set(['type', 'title', 'status', 'code', 'advice', 'detail', 'requestId'])

function replyOf({ status, headers, text }: Answer, idempotencyKey: string | null): Reply<unknown> {
  const id = headers['x-request-id']
  const about = { status, requestId: typeof id === 'string' ? id : null, idempotencyKey }
  const type = headers['content-type'] ?? ''
  if (status === 204) return { ok: true, value: undefined, ...about }
  if (status < 300 && type.startsWith('application/json')) {
    const accepted = status === 202 ? ({ accepted: true } as const) : {}
    return { ok: true, value: read(text, status), ...accepted, ...about }
  }
  const problem = type.startsWith('application/problem+json') ? (read(text, status) as Problem) : null
  if (problem === null || !Object.hasOwn(catalogue, problem.code))
    throw new HttpError(
      'answer',
      `Status ${status} with ${type || 'no content type'} is no answer of Levee.`,
      status,
    )
  const fields = Object.fromEntries(Object.entries(problem).filter(([name]) => !STANDARD.has(name)))
  const seconds = Number(headers['retry-after'])
  const refusal = {
    code: problem.code as RefusalCode,
    detail: problem.detail,
    ...(Object.keys(fields).length > 0 ? { fields } : {}),
    ...(seconds > 0 ? { retryAfter: seconds } : {}),
  }
  return { ok: false, refusal, ...about }
}

function read(text: string, status: number): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new HttpError('answer', 'The answer is not JSON.', status, cause)
  }
}
