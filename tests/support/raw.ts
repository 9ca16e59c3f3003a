// Requests as they are on the wire: for inputs that no typed client would send.

import { randomUUID } from 'node:crypto'
import type { HttpBinding } from '../../platform/contract/operation.ts'
import { type Answer, createSender, type Sender } from '../../platform/http/send.ts'

const PATIENCE_MS = 20_000
const CONNECTIONS = 32

export interface RawRequest {
  readonly method: string
  /** Below the shop's address. */
  readonly path: string
  readonly body?: string | undefined
  readonly authorization?: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface RawAnswer extends Answer {
  /** `ok`, or the code of the problem. */
  readonly code: string
}

export class Wire {
  private readonly sender: Sender

  constructor(url: string) {
    this.sender = createSender(new URL(url), CONNECTIONS)
  }

  /** Sends with a key of its own, which operations that need none do not look at. */
  async send({ method, path, body, authorization, headers }: RawRequest): Promise<RawAnswer> {
    const answer = await this.sender.send({
      method,
      path,
      body,
      timeout: PATIENCE_MS,
      headers: {
        'idempotency-key': randomUUID(),
        ...(authorization === undefined || authorization === '' ? {} : { authorization }),
        ...(body === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
        ...headers,
      },
    })
    return { ...answer, code: codeOf(answer) }
  }

  close(): void {
    this.sender.close()
  }
}

function codeOf({ status, text }: Answer): string {
  return status < 300 ? 'ok' : String((JSON.parse(text) as { code: unknown }).code)
}

/** An input, fitting or not, as the request that carries it. */
export function rawRequest(
  { method, path }: HttpBinding,
  input: Readonly<Record<string, unknown>>,
): RawRequest {
  const inPath = new Set([...path.matchAll(/:([A-Za-z0-9_]+)/g)].map(match => match[1]!))
  const filled = `/v1${path.replace(/:([A-Za-z0-9_]+)/g, (_, name: string) => encode(input[name]))}`
  const rest = Object.entries(input).filter(([name]) => !inPath.has(name))
  if (method !== 'GET' && method !== 'DELETE')
    return { method, path: filled, body: JSON.stringify(Object.fromEntries(rest)) }
  const query = rest.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&')
  return { method, path: query === '' ? filled : `${filled}?${query}` }
}

const encode = (value: unknown): string =>
  encodeURIComponent((typeof value === 'object' ? JSON.stringify(value) : String(value)).toWellFormed())
