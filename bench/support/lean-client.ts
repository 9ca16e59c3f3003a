// Requests at a small part of what the typed client costs, because shop, engines and client share two cores: what a measure
// waits for should be the shop. Speaks only what Levee's own answers need: one request at a time on a connection,
// Content-Length, no redirects.

import { connect, type Socket } from 'node:net'

export interface LeanAnswer {
  readonly status: number
  readonly body: string
}

interface Asked {
  readonly text: string
  readonly resolve: (answer: LeanAnswer) => void
  readonly reject: (error: Error) => void
}

const HEAD_END = '\r\n\r\n'

export class LeanClient {
  private readonly host: string
  private readonly port: number
  private readonly idle: Connection[] = []
  private readonly all: Connection[] = []
  private readonly waiting: Asked[] = []

  constructor(url: string, connections: number) {
    const { hostname, port } = new URL(url)
    this.host = hostname
    this.port = Number(port)
    for (let i = 0; i < connections; i++) {
      const connection = new Connection(this.host, this.port, () => this.free(connection))
      this.all.push(connection)
      this.idle.push(connection)
    }
  }

  /** A POST without a body. `headers`: whole lines. @throws Error where the connection breaks */
  post(path: string, headers: string): Promise<LeanAnswer> {
    return this.send('POST', path, headers)
  }

  /** `headers`: whole lines, or empty; `json`: ASCII. @throws Error where the connection breaks */
  send(method: 'GET' | 'POST', path: string, headers: string, json = ''): Promise<LeanAnswer> {
    const more = headers === '' ? '' : `${headers}\r\n`
    const type = json === '' ? '' : 'Content-Type: application/json\r\n'
    const length = method === 'GET' ? '' : `Content-Length: ${json.length}\r\n`
    const text = `${method} ${path} HTTP/1.1\r\nHost: ${this.host}\r\n${type}${length}${more}\r\n${json}`
    return new Promise((resolve, reject) => {
      const asked = { text, resolve, reject }
      const connection = this.idle.pop()
      if (connection === undefined) this.waiting.push(asked)
      else connection.send(asked)
    })
  }

  close(): void {
    for (const connection of this.all) connection.close()
  }

  private free(connection: Connection): void {
    const next = this.waiting.shift()
    if (next === undefined) this.idle.push(connection)
    else connection.send(next)
  }
}

class Connection {
  private readonly socket: Socket
  private readonly answered: () => void
  private asked: Asked | null = null
  private text = ''

  constructor(host: string, port: number, answered: () => void) {
    this.answered = answered
    this.socket = connect({ host, port, noDelay: true })
    // Latin-1: a character a byte, so that lengths are right; Levee's answers to a claim are ASCII.
    this.socket.setEncoding('latin1')
    this.socket.on('data', chunk => this.read(String(chunk)))
    this.socket.on('error', error => this.asked?.reject(error))
    this.socket.on('close', () => this.asked?.reject(new Error('the connection was closed')))
  }

  send(asked: Asked): void {
    this.asked = asked
    this.socket.write(asked.text)
  }

  close(): void {
    this.socket.destroy()
  }

  private read(chunk: string): void {
    this.text += chunk
    const end = this.text.indexOf(HEAD_END)
    if (end < 0 || this.asked === null) return
    const length = Number(/content-length: (\d+)/i.exec(this.text)?.[1] ?? 0)
    const from = end + HEAD_END.length
    if (this.text.length < from + length) return
    const answer = { status: Number(this.text.slice(9, 12)), body: this.text.slice(from, from + length) }
    this.text = ''
    const { resolve } = this.asked
    this.asked = null
    resolve(answer)
    this.answered()
  }
}
