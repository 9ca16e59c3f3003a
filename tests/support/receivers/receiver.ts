// A service on this machine that takes calls as strictly as the real one says it does, and misbehaves when it is told to.

import { once } from 'node:events'
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Call {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** How it was met. */
  readonly manner: Manner
}

export interface Answer {
  readonly status: number
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * - `right`: as the service does
 * - an answer: that one, whatever was asked
 * - `hang`: takes it, and never answers
 * - `cut`: takes it, and breaks the connection
 */
export type Manner = 'right' | Answer | 'hang' | 'cut'

export abstract class Receiver<Taken> {
  /** What was right and was taken, in its order. */
  readonly taken: Taken[] = []
  /** Everything that arrived, also where it was answered wrongly or not at all. */
  readonly calls: Call[] = []
  /** What a right caller never does. */
  readonly violations: string[] = []
  manner: Manner = 'right'
  /** These come first, one for each call. */
  readonly manners: Manner[] = []
  private server: Server | null = null
  private port = 0

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  async open(): Promise<this> {
    this.server = createServer((request, response) => this.hear(request, response))
    this.server.listen(this.port, '127.0.0.1')
    await once(this.server, 'listening')
    this.port = (this.server.address() as AddressInfo).port
    return this
  }

  /** From then on connections are refused. `open` brings it back on the same port. */
  async close(): Promise<void> {
    const { server } = this
    this.server = null
    if (server === null) return
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }

  /** The answer to a call. What is wrong goes through `wrong`. */
  protected abstract judge(call: Call): Answer | { readonly taken: Taken; readonly answer: Answer }

  protected wrong(what: string, answer: Answer): Answer {
    this.violations.push(what)
    return answer
  }

  private hear(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('error', () => response.destroy())
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      const manner = this.manners.shift() ?? this.manner
      const call = { method, path: url, headers, body: Buffer.concat(chunks).toString('utf8'), manner }
      this.calls.push(call)
      if (manner === 'hang') return
      if (manner === 'cut') response.destroy()
      else if (manner === 'right') this.answerRightly(call, response)
      else write(response, manner)
    })
  }

  private answerRightly(call: Call, response: ServerResponse): void {
    const judged = this.judge(call)
    if ('taken' in judged) this.taken.push(judged.taken)
    write(response, 'taken' in judged ? judged.answer : judged)
  }
}

function write(response: ServerResponse, { status, body = '', headers = {} }: Answer): void {
  response.writeHead(status, headers).end(body)
}

export const json = (status: number, value: unknown): Answer => ({
  status,
  body: JSON.stringify(value),
  headers: { 'content-type': 'application/json' },
})
