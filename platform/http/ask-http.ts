// One HTTP request over a connection of its own, to whoever is asked rarely: a Docker, a Kubernetes, a shop that is looked at.

import * as http from 'node:http'
import * as https from 'node:https'

export interface HttpTarget {
  /** `http://host:port`, `https://host:port`, or `unix:///path/of/socket`. */
  readonly base: string
  /** Certificates to trust, PEM; absent: those that Node trusts. */
  readonly ca?: string
  /** Who we are, PEM, where that is asked. */
  readonly cert?: string
  readonly key?: string
}

export interface HttpQuestion {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** With its query. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface HttpReply {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly text: string
}

/** Longest answer read unless told otherwise, bytes: a description of a big container has some tens of thousands. */
const ANSWER_MOST = 4 * 1024 * 1024

/**
 * Resolves with any status. Rejects with what came of the connection, when the answer is longer than `most` bytes, and with the
 * signal's reason.
 */
export async function askHttp(
  target: HttpTarget,
  question: HttpQuestion,
  signal: AbortSignal,
  most = ANSWER_MOST,
): Promise<HttpReply> {
  const answer = await openHttp(target, question, signal)
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of answer as AsyncIterable<Buffer>) {
    bytes += piece.length
    if (bytes > most) {
      answer.destroy()
      throw new Error(`the answer is longer than ${most} bytes`)
    }
    pieces.push(piece)
  }
  const text = Buffer.concat(pieces).toString('utf8')
  return { status: answer.statusCode ?? 0, headers: answer.headers, text }
}

/** The lines of an answer that does not end by itself; each at most `longest` bytes. */
export async function* httpLines(
  answer: http.IncomingMessage,
  longest = ANSWER_MOST,
): AsyncGenerator<string> {
  let rest = ''
  answer.setEncoding('utf8')
  for await (const piece of answer as AsyncIterable<string>) {
    const lines = (rest + piece).split('\n')
    rest = lines.pop()!
    if (rest.length > longest) throw new Error(`a line is longer than ${longest} characters`)
    yield* lines.filter(line => line !== '')
  }
}

/** The answer as soon as its head is there. Aborting the signal ends it at any time. */
export function openHttp(
  { base, ca, cert, key }: HttpTarget,
  { method, path, headers, body }: HttpQuestion,
  signal: AbortSignal,
): Promise<http.IncomingMessage> {
  const url = new URL(base)
  const isSocket = url.protocol === 'unix:'
  const where = isSocket
    ? { socketPath: decodeURIComponent(url.pathname), headers: { host: 'localhost' } }
    : { host: url.hostname.replace(/^\[|\]$/g, ''), ...(url.port === '' ? {} : { port: Number(url.port) }) }
  const secrets = Object.fromEntries(
    Object.entries({ ca, cert, key }).filter(([, value]) => value !== undefined),
  )
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
  const { request } = url.protocol === 'https:' ? https : http
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        ...where,
        ...secrets,
        method,
        path,
        signal,
        agent: false,
        headers: { ...(isSocket ? { host: 'localhost' } : {}), ...length, ...headers },
      },
      resolve,
    )
    outgoing.on('error', (error: Error) => reject(signal.aborted ? signal.reason : error))
    outgoing.end(body)
  })
}
