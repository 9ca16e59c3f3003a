// One instance of a service, as a caller sees it: its connections, what waits for them, and whether it is there.
// Down is local and at once, at the first failure; up again when it answers a probe.

import { Agent, get } from 'node:http'
import type { Log } from '../log/log.ts'
import type { Clock } from '../module.ts'
import { type BatchEnd, CallBatch, type Pending } from './batch.ts'
import type { Signer } from './identity.ts'

/** Requests under way to one instance: one a turn of the loop, each some ms long; slow calls hold the rest. */
const CONNECTIONS_MOST = 64
/** How long a free connection is kept, ms: less than the other side's 75 s, which then never closes one in use. */
const FREE_MS = 30_000
/** Calls in one request. Above, the next request takes them. */
const CALLS_PER_REQUEST = 512
/** Characters in one request, unless a single call has more. */
const REQUEST_MOST = 4 * 1024 * 1024
/** An instance that owes answers and says nothing for so long is asked whether it is there, ms: a lock wait takes longer. */
const SILENCE_MS = 1_000
/** Longest wait for the answer to that, ms: on a machine with far too much to do a turn of the loop may take a second. */
const PROBE_WAIT_MS = 2_500
/** First pause between probes of an instance that is down, ms, and the longest: they double. */
const PROBE_FIRST_MS = 100
const PROBE_MOST_MS = 2_000
/** Down again sooner than this after it came up, ms: a relapse, and the next pause grows. */
const RELAPSE_MS = 5_000

export interface InstanceDeps {
  readonly service: string
  readonly signer: Signer
  readonly clock: Clock
  readonly log: Log
  answered(call: Pending): void
  /** These got no answer here. `again`: this very instance may be asked once more. */
  failed(instance: Instance, calls: readonly Pending[], end: { sent: boolean; again: boolean }): void
  wentUp(): void
}

export class Instance {
  readonly url: string
  up = true
  private readonly deps: InstanceDeps
  private readonly host: string
  private readonly port: number
  private readonly agent = new Agent({ keepAlive: true, scheduling: 'lifo', timeout: FREE_MS })
  private readonly batches = new Set<CallBatch>()
  private queue: Pending[] = []
  private lastHeard = 0
  private upSince = 0
  private probing = false
  private pause = PROBE_FIRST_MS
  private timer: NodeJS.Timeout | null = null
  private closed = false

  constructor(url: string, deps: InstanceDeps) {
    const { hostname, port } = new URL(url)
    this.url = url
    this.deps = deps
    this.host = hostname.replace(/^\[|\]$/g, '')
    this.port = Number(port || 80)
  }

  /** To be sent with the next `flush`. */
  add(call: Pending): void {
    this.queue.push(call)
  }

  flush(): void {
    while (this.queue.length > 0 && this.batches.size < CONNECTIONS_MOST) {
      const now = this.deps.clock()
      const calls = this.nextCalls()
      // Nobody waits for what expired in the queue.
      if (calls.length === 0) continue
      if (this.batches.size === 0) this.lastHeard = now
      const batch = new CallBatch(calls, now, {
        agent: this.agent,
        host: this.host,
        port: this.port,
        signer: this.deps.signer,
        heard: () => {
          this.lastHeard = this.deps.clock()
        },
        answered: call => this.deps.answered(call),
        ended: (ended, end) => this.ended(ended, end),
      })
      this.batches.add(batch)
    }
  }

  /**
   * Asked now and then: ends what nobody waits for, and looks after an instance that owes answers and is silent.
   * `heldUp`: this process could not listen, so the silence may be its own.
   */
  watch(now: number, heldUp: boolean): void {
    if (heldUp) this.lastHeard = now
    for (const batch of this.batches) if (batch.idle) batch.destroy('nobody waits for it any more')
    if (!this.up || this.probing || this.batches.size === 0 || now - this.lastHeard < SILENCE_MS) return
    this.probe(answers => {
      if (answers) {
        this.lastHeard = this.deps.clock()
        return
      }
      this.goDown('it is silent')
      // Nothing would come of them before their deadlines: they are asked elsewhere.
      for (const batch of [...this.batches]) batch.destroy('it is silent')
    })
  }

  close(): void {
    this.closed = true
    if (this.timer !== null) clearTimeout(this.timer)
    for (const batch of this.batches) batch.destroy('the caller stops')
    this.agent.destroy()
  }

  private nextCalls(): Pending[] {
    const calls: Pending[] = []
    let length = 0
    let taken = 0
    for (const call of this.queue) {
      if (calls.length >= CALLS_PER_REQUEST || (length > 0 && length + call.body.length > REQUEST_MOST)) break
      taken++
      if (call.settled) continue
      length += call.body.length
      calls.push(call)
    }
    this.queue = taken === this.queue.length ? [] : this.queue.slice(taken)
    return calls
  }

  private ended(batch: CallBatch, { unanswered, sent, stale, cause }: BatchEnd): void {
    this.batches.delete(batch)
    if (unanswered.length > 0) {
      if (!stale) this.goDown(cause)
      this.deps.failed(this, unanswered, { sent, again: stale })
    }
    this.flush()
  }

  private goDown(cause: string): void {
    if (!this.up || this.closed) return
    this.up = false
    this.deps.log.warn({ service: this.deps.service, url: this.url, cause }, 'a service is down')
    const waiting = this.queue
    this.queue = []
    const relapse = this.deps.clock() - this.upSince < RELAPSE_MS
    this.pause = relapse ? Math.min(PROBE_MOST_MS, this.pause * 2) : PROBE_FIRST_MS
    this.probeSoon()
    if (waiting.length > 0) this.deps.failed(this, waiting, { sent: false, again: false })
  }

  private probeSoon(): void {
    this.timer = setTimeout(() => {
      this.probe(answers => {
        if (this.closed) return
        if (answers) return this.goUp()
        this.pause = Math.min(PROBE_MOST_MS, this.pause * 2)
        this.probeSoon()
      })
    }, this.pause)
    this.timer.unref()
  }

  private goUp(): void {
    this.up = true
    this.upSince = this.deps.clock()
    this.deps.log.info({ service: this.deps.service, url: this.url }, 'a service is up again')
    this.deps.wentUp()
  }

  /** On a connection of its own: those that are kept may lead to a process that is gone. */
  private probe(done: (answers: boolean) => void): void {
    this.probing = true
    const finish = (answers: boolean): void => {
      if (!this.probing) return
      this.probing = false
      done(answers)
    }
    const where = { host: this.host, port: this.port, path: '/calls', agent: false as const }
    const asked = get({ ...where, timeout: PROBE_WAIT_MS }, answer => {
      answer.resume()
      finish(answer.statusCode === 200)
    })
    asked.on('timeout', () => asked.destroy(new Error('no answer')))
    asked.on('error', () => finish(false))
  }
}
