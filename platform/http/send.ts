// One HTTP request over kept connections. Node's own client: half the cost of `fetch`, and nothing to install.

import * as http from 'node:http'
import * as https from 'node:https'
import { HttpError } from './http-error.ts'

export interface Sent {
  readonly method: string
  /** Path with query. */
  readonly path: string
  readonly headers: Record<string, string | number>
  readonly body: string | undefined
  /** Longest wait for the whole answer, ms. */
  readonly timeout: number
}

export interface Answer {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly text: string
}

export interface Sender {
  /** Rejects with HttpError only. */
  send(request: Sent): Promise<Answer>
  close(): void
}

/** Longest answer read, characters: the largest page of Levee's has some hundred KB. */
const ANSWER_MOST = 32 * 1024 * 1024

/** Connections at once where nothing is said: ten times what a browser allows itself. */
const CONNECTIONS = 64

/** `connections`: most at once; more requests wait for one to be free. */
export function createSender(base: URL, connections = CONNECTIONS): Sender {
  const { Agent, request } = base.protocol === 'https:' ? https : http
  // LIFO: the warm connections work, the others fall idle and end.
  const agent = new Agent({ keepAlive: true, maxSockets: connections, scheduling: 'lifo' })
  const { hostname, port } = base
  const target = {
    agent,
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? undefined : Number(port),
  }
  // Kept connections end: one that the server closed while it lay idle breaks the next request. A read is then sent
  // again, once, on a connection of its own.
  const attempt = ({ method, path, headers, body, timeout }: Sent, again: boolean): Promise<Answer> =>
    new Promise((resolve, reject) => {
      let answered = false
      let late = false
      const where = again ? { ...target, agent: false as const } : target
      const outgoing = request({ ...where, method, path, headers }, incoming => {
        answered = true
        let text = ''
        incoming.setEncoding('utf8')
        incoming.on('data', (chunk: string) => {
          text += chunk
          if (text.length > ANSWER_MOST) outgoing.destroy(new Error('the answer is too long'))
        })
        incoming.on('end', () => {
          clearTimeout(timer)
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text })
        })
        incoming.on('error', broken)
      })
      const timer = setTimeout(() => {
        late = true
        reject(new HttpError('timeout', `No answer to ${method} ${path} within ${timeout} ms.`))
        outgoing.destroy()
      }, timeout)
      outgoing.on('error', broken)
      outgoing.end(body)

      function broken(cause: Error): void {
        // Given up by us, which looks like a connection that the server closed.
        if (late) return
        clearTimeout(timer)
        if (method === 'GET' && !again && !answered && outgoing.reusedSocket && isClosed(cause))
          resolve(attempt({ method, path, headers, body, timeout }, true))
        else reject(new HttpError('connection', `${method} ${path}: ${cause.message}`, null, cause))
      }
    })
  return { close: () => agent.destroy(), send: sent => attempt(sent, false) }
}

function isClosed({ code }: NodeJS.ErrnoException): boolean {
  return code === 'ECONNRESET' || code === 'EPIPE'
}
