// One request to an internal door: the calls of one turn of the loop, and their answers as they come.

import { type Agent, type ClientRequest, type IncomingMessage, request } from 'node:http'
import type { Refused } from '../contract/result.ts'
import { type Answer, frame, readAnswer } from './frames.ts'
import type { Signer } from './identity.ts'

/** A call on its way. */
export interface Pending {
  /** Its frame but for number and time: `frameBody`. */
  readonly body: string
  /** Which instance it wants. */
  readonly key: string | null
  /** Epoch ms. */
  readonly deadline: number
  settle(answer: Answer): void
  refuse(refused: Refused): void
  /** It may have arrived somewhere. */
  sent: boolean
  repeated: boolean
  settled: boolean
}

export interface BatchEnd {
  readonly unanswered: readonly Pending[]
  /** False: certainly none of it was done. */
  readonly sent: boolean
  /** The connection was an old one that the other side had closed: that says nothing of the instance. */
  readonly stale: boolean
  readonly cause: string
}

export interface BatchDeps {
  readonly agent: Agent
  readonly host: string
  readonly port: number
  readonly signer: Signer
  /** Something came from there. */
  heard(): void
  answered(call: Pending): void
  /** Called once. `end.unanswered` is empty where all went well. */
  ended(batch: CallBatch, end: BatchEnd): void
}

/** Never a connection: nothing was sent. */
const NOT_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL'])
const CLOSED = new Set(['ECONNRESET', 'EPIPE'])
/** Longest line of an answer, characters: the largest page of Levee's has some hundred KB. */
const LINE_MOST = 32 * 1024 * 1024

export class CallBatch {
  private readonly calls: (Pending | null)[]
  private readonly deps: BatchDeps
  private readonly outgoing: ClientRequest
  private open: number
  private rest = ''
  private status = 0
  private over = false

  constructor(calls: readonly Pending[], now: number, deps: BatchDeps) {
    this.calls = [...calls]
    this.deps = deps
    this.open = calls.length
    const frames = calls.map((call, id) => frame(id, call.deadline, now, call.body))
    const body = `[${frames.join(',')}]`
    const { agent, host, port, signer } = deps
    const headers = {
      ...signer.headers(body),
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    }
    this.outgoing = request({ agent, host, port, method: 'POST', path: '/calls', headers })
    this.outgoing.on('response', incoming => this.receive(incoming))
    this.outgoing.on('error', error => this.broke(error))
    this.outgoing.end(body)
  }

  /** Nobody waits for any of it any more. */
  get idle(): boolean {
    return this.calls.every(call => call === null || call.settled)
  }

  /** Ends it: what is unanswered has an unknown outcome. */
  destroy(cause: string): void {
    this.finish({ sent: true, stale: false, cause })
    this.outgoing.destroy()
  }

  private receive(incoming: IncomingMessage): void {
    this.status = incoming.statusCode ?? 0
    if (this.status !== 200) {
      incoming.resume()
      // Turned away at the door: none of it was done.
      this.finish({ sent: false, stale: false, cause: `status ${this.status}` })
      return
    }
    incoming.setEncoding('utf8')
    incoming.on('data', (text: string) => this.take(text))
    incoming.on('end', () => this.finish({ sent: true, stale: false, cause: 'the answer ended early' }))
    incoming.on('error', error => this.broke(error))
  }

  private take(text: string): void {
    this.deps.heard()
    const all = this.rest === '' ? text : this.rest + text
    let from = 0
    for (let to = all.indexOf('\n'); to >= 0; to = all.indexOf('\n', from)) {
      this.answer(all.slice(from, to))
      from = to + 1
    }
    this.rest = all.slice(from)
    if (this.rest.length > LINE_MOST) this.destroy('an answer is too long')
  }

  private answer(line: string): void {
    if (this.over) return
    let answer: Answer
    try {
      answer = readAnswer(line)
    } catch {
      this.destroy('an answer cannot be read')
      return
    }
    const call = this.calls[answer.id]
    if (call === undefined || call === null) return
    this.calls[answer.id] = null
    this.open--
    this.deps.answered(call)
    if (!call.settled) {
      call.settled = true
      call.settle(answer)
    }
  }

  private broke(error: NodeJS.ErrnoException): void {
    const code = error.code ?? ''
    const stale = this.status === 0 && this.outgoing.reusedSocket && CLOSED.has(code)
    this.finish({ sent: !NOT_SENT.has(code), stale, cause: error.message })
  }

  private finish(end: Omit<BatchEnd, 'unanswered'>): void {
    if (this.over) return
    this.over = true
    const unanswered = this.open === 0 ? [] : this.calls.filter(call => call !== null && !call.settled)
    this.deps.ended(this, { ...end, unanswered: unanswered as Pending[] })
  }
}
