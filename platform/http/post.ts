// One POST to somebody else's service, on a connection of its own: these calls are rare, and a kept connection that was closed
// meanwhile would leave it unknown whether the call happened.

import * as http from 'node:http'
import * as https from 'node:https'

export interface Post {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Longest time for all of it, ms: name, connection, answer. */
  readonly most: number
  /** Ends it before its time. */
  readonly signal: AbortSignal
}

export interface Posted {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  /** The beginning of the answer. */
  readonly text: string
}

/** No answer came. */
export class PostFailed extends Error {
  override readonly name = 'PostFailed'
  /** False: nothing was handed over, so it cannot have happened. */
  readonly mayHaveArrived: boolean

  constructor(message: string, mayHaveArrived: boolean, cause?: unknown) {
    super(message, { cause })
    this.mayHaveArrived = mayHaveArrived
  }
}

/** Characters of an answer that are kept: what such services say of a call has a few hundred. */
const ANSWER_MOST = 16_384

/**
 * Rejects with `PostFailed` only. A redirect is an answer as any other: it is not followed, as it would take secrets elsewhere.
 * Messages name the host alone: paths and queries of such services are secrets.
 */
export function post({ url, headers, body, most, signal }: Post): Promise<Posted> {
  const { request } = url.protocol === 'https:' ? https : http
  return new Promise((resolve, reject) => {
    let connected = false
    let settled = false
    let text = ''
    const fail = (why: string, cause?: unknown): void =>
      settle(() => reject(new PostFailed(`${url.host}: ${why}`, connected, cause)))
    const outgoing = request(
      url,
      {
        method: 'POST',
        agent: false,
        headers: { ...headers, 'content-length': Buffer.byteLength(body), 'user-agent': 'Levee' },
      },
      incoming => {
        incoming.setEncoding('utf8')
        const done = (): void =>
          settle(() => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text }))
        incoming.on('data', (chunk: string) => {
          text += chunk.slice(0, ANSWER_MOST - text.length)
          // The status says what became of the call; a body without end is not waited for.
          if (text.length >= ANSWER_MOST) done()
        })
        incoming.on('end', done)
        incoming.on('error', error => fail(codeOf(error), error))
      },
    )
    const timer = setTimeout(() => fail(`no answer within ${most} ms`), most)
    const abort = (): void => fail('was given up')
    signal.addEventListener('abort', abort, { once: true })
    outgoing.on('socket', socket =>
      socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
        connected = true
      }),
    )
    outgoing.on('error', error => fail(codeOf(error), error))
    if (signal.aborted) abort()
    else outgoing.end(body)

    function settle(act: () => void): void {
      if (settled) return
      settled = true
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
      act()
      outgoing.destroy()
    }
  })
}

function codeOf(error: Error): string {
  const { code } = error as NodeJS.ErrnoException
  return code ?? error.message
}
