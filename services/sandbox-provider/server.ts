// A payment provider to try the shop with: it keeps right books and behaves as badly as it is told to.
//
//   POST /payments/:id/authorise {amount, currency, token}    POST /payments/:id/refunds/:refundId {amount}
//   POST /payments/:id/capture | /void                         GET /payments/:id
//   GET  /books[?paymentId=]                                    POST /control {operation, behaviour, times}

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Answer, Books, type Operation } from './books.ts'
import { type WebhookOptions, Webhooks } from './webhooks.ts'

/**
 * `slow`: done at once, answered late. `drop`: done, then the connection ends without an answer. `lost`: the
 * connection ends and nothing was done. `error`: 500, nothing was done.
 */
export type Behaviour = 'ok' | 'slow' | 'drop' | 'lost' | 'error'

export interface SandboxOptions {
  readonly host?: string
  /** 0: any free one. */
  readonly port: number
  readonly webhookUrl?: string
  readonly webhookKey?: string
  /** ms */
  readonly slowFor?: number
  /** ms */
  readonly lateFor?: number
}

export interface SandboxProvider {
  readonly url: string
  readonly books: Books
  readonly webhooks: Webhooks
  /** The next `times` requests of this operation behave like this. */
  control(operation: Operation, behaviour: Behaviour, times: number): void
  close(): Promise<void>
}

const SLOW_MS = 5_000
const LATE_MS = 3_000
/** Longest request body, bytes. */
const BODY_MOST = 16 * 1024
const ID = '([A-Za-z0-9._:-]{1,191})'
const ROUTES: readonly (readonly [method: string, path: RegExp, operation: Operation])[] = [
  ['POST', new RegExp(`^/payments/${ID}/authorise$`), 'authorise'],
  ['POST', new RegExp(`^/payments/${ID}/capture$`), 'capture'],
  ['POST', new RegExp(`^/payments/${ID}/void$`), 'void'],
  ['POST', new RegExp(`^/payments/${ID}/refunds/${ID}$`), 'refund'],
  ['GET', new RegExp(`^/payments/${ID}$`), 'lookUp'],
]
const BEHAVIOURS: readonly string[] = ['ok', 'slow', 'drop', 'lost', 'error']
const OPERATIONS: readonly string[] = ROUTES.map(([, , operation]) => operation)

class Sandbox {
  readonly books = new Books()
  readonly webhooks: Webhooks
  private readonly slowFor: number
  private readonly planned = new Map<Operation, { behaviour: Behaviour; times: number }>()
  /** Payments whose `tok_error` had its one error. */
  private readonly erred = new Set<string>()
  private readonly timers = new Set<NodeJS.Timeout>()

  constructor(slowFor: number, webhooks: WebhookOptions) {
    this.slowFor = slowFor
    this.webhooks = new Webhooks(webhooks)
  }

  control(operation: Operation, behaviour: Behaviour, times: number): void {
    this.planned.set(operation, { behaviour, times })
  }

  /** Null: the connection ends without an answer. */
  async answerTo(request: IncomingMessage): Promise<Answer | null> {
    const url = new URL(request.url ?? '/', 'http://sandbox')
    const body = await readBody(request)
    if (body === null) return wrong('a small JSON object is wanted')
    if (url.pathname === '/books' && request.method === 'GET') return this.showBooks(url)
    if (url.pathname === '/control' && request.method === 'POST') return this.takeControl(body)
    for (const [method, path, operation] of ROUTES) {
      const match = path.exec(url.pathname)
      if (match !== null && request.method === method)
        return this.perform(operation, match[1]!, match[2] ?? '', body)
    }
    return { status: 404, body: { error: 'no such path' } }
  }

  close(): void {
    this.webhooks.close()
    for (const timer of this.timers) clearTimeout(timer)
  }

  private async perform(
    operation: Operation,
    paymentId: string,
    refundId: string,
    body: Record<string, unknown>,
  ): Promise<Answer | null> {
    const { amount, token } = body
    const wantsAmount = operation === 'authorise' || operation === 'refund'
    if (wantsAmount && !(Number.isSafeInteger(amount) && (amount as number) >= 0))
      return wrong('amount must be whole minor units')
    if (operation === 'authorise' && typeof token !== 'string') return wrong('a token is wanted')
    const behaviour = this.behaviour(operation, paymentId, typeof token === 'string' ? token : '')
    if (behaviour === 'lost') return null
    if (behaviour === 'error') return { status: 500, body: { error: 'as asked for' } }
    const done = this.book(operation, paymentId, refundId, body)
    this.books.count(paymentId, operation)
    if (done.event !== undefined)
      this.webhooks.tell(done.event, paymentId, this.books.of(paymentId)?.token ?? '')
    if (behaviour === 'slow') await this.pause(this.slowFor)
    return behaviour === 'drop' ? null : done
  }

  private pause(time: number): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(() => {
        this.timers.delete(timer)
        resolve()
      }, time)
      this.timers.add(timer)
    })
  }

  private book(
    operation: Operation,
    paymentId: string,
    refundId: string,
    { amount, token }: Record<string, unknown>,
  ): Answer {
    switch (operation) {
      case 'authorise':
        return this.books.authorise(paymentId, amount as number, token as string)
      case 'capture':
        return this.books.capture(paymentId)
      case 'void':
        return this.books.void(paymentId)
      case 'refund':
        return this.books.refund(paymentId, refundId, amount as number)
      case 'lookUp':
        return this.books.lookUp(paymentId)
    }
  }

  /** What was asked for by `control` comes before what the token says. */
  private behaviour(operation: Operation, paymentId: string, token: string): Behaviour {
    const planned = this.planned.get(operation)
    if (planned !== undefined && planned.times > 0) {
      planned.times--
      return planned.behaviour
    }
    if (operation !== 'authorise') return 'ok'
    if (token.startsWith('tok_slow')) return 'slow'
    // A repeat is answered: what a dropped connection hid can be asked for.
    if (token.startsWith('tok_drop') && this.books.of(paymentId) === undefined) return 'drop'
    if (token.startsWith('tok_error') && !this.erred.has(paymentId)) {
      if (this.erred.size >= ERRED_MOST) this.erred.clear()
      this.erred.add(paymentId)
      return 'error'
    }
    return 'ok'
  }

  private showBooks(url: URL): Answer {
    const paymentId = url.searchParams.get('paymentId')
    const payments = paymentId === null ? this.books.all() : [this.books.of(paymentId)].filter(Boolean)
    return { status: 200, body: { payments, webhooksDelivered: this.webhooks.delivered } }
  }

  private takeControl(body: Record<string, unknown>): Answer {
    const { operation, behaviour, times = 1 } = body
    const fits =
      OPERATIONS.includes(String(operation)) &&
      BEHAVIOURS.includes(String(behaviour)) &&
      Number.isSafeInteger(times)
    if (!fits)
      return wrong(
        `operation: ${OPERATIONS.join(', ')}; behaviour: ${BEHAVIOURS.join(', ')}; times: a number`,
      )
    this.control(operation as Operation, behaviour as Behaviour, times as number)
    return { status: 200, body: { operation, behaviour, times } }
  }
}

/** Ids remembered for `tok_error`. */
const ERRED_MOST = 10_000

/** Starts the provider; resolves when it listens. Rejects with EADDRINUSE where the port is taken. */
export async function startSandboxProvider(options: SandboxOptions): Promise<SandboxProvider> {
  const sandbox = new Sandbox(options.slowFor ?? SLOW_MS, {
    url: options.webhookUrl ?? '',
    key: options.webhookKey ?? '',
    lateFor: options.lateFor ?? LATE_MS,
  })
  const server = createServer((request, response) => {
    sandbox.answerTo(request).then(
      answer => (answer === null ? response.destroy() : send(response, answer)),
      () => response.destroy(),
    )
  })
  const { address, port } = await listen(server, options.host ?? '127.0.0.1', options.port)
  return {
    url: `http://${address.includes(':') ? `[${address}]` : address}:${port}`,
    books: sandbox.books,
    webhooks: sandbox.webhooks,
    control: (operation, behaviour, times) => sandbox.control(operation, behaviour, times),
    async close() {
      sandbox.close()
      const closed = new Promise(resolve => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

function listen(server: Server, host: string, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => resolve(server.address() as AddressInfo))
  })
}

/** Null: too long, or no JSON object. No body is an empty object. */
async function readBody(request: IncomingMessage): Promise<Record<string, unknown> | null> {
  let text = ''
  request.setEncoding('utf8')
  for await (const chunk of request) {
    text += chunk
    if (text.length > BODY_MOST) return null
  }
  if (text === '') return {}
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}

function wrong(error: string): Answer {
  return { status: 400, body: { error } }
}

function send(response: ServerResponse, { status, body }: Answer): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
