// A service as its callers see it: one or several instances, calls gathered per turn of the loop, each with a bound.
// A call that got no answer is repeated once, elsewhere if there is an elsewhere: operations have one effect a key.

import type { Call } from '../contract/call.ts'
import { type Result, refuse } from '../contract/result.ts'
import type { Log } from '../log/log.ts'
import type { Clock } from '../module.ts'
import type { Pending } from './batch.ts'
import { errorOf, unavailable, unknown } from './failures.ts'
import { type Answer, frameBody } from './frames.ts'
import type { Signer } from './identity.ts'
import { Instance } from './instance.ts'
import { RetryBudget } from './retry-budget.ts'
import { type RouteKey, Router, type Routing } from './routing.ts'

/** Calls in flight to one service: two of the gateway's `http.inFlightMost`. */
const CALLS_MOST = 8_192
/** How often calls past their deadline are looked for, ms: deadlines are seconds. */
const TICK_MS = 50
/** A look that comes later than this, ms, says that this process was held up: nothing is known of the others then. */
const HELD_UP_MS = 500
/** How long after its deadline an answer is waited for, ms: whoever asked has given up by then, and says so itself. */
const GRACE_MS = 250

const full = refuse('overloaded', 'As many calls to a service as this process bears are under way.', {
  retryAfter: 1,
})

export interface ServiceOptions {
  readonly name: string
  /** `http://127.0.0.1:4001`, one for each instance. */
  readonly urls: readonly string[]
  readonly signer: Signer
  readonly clock: Clock
  readonly log: Log
  readonly routing?: Routing
  readonly routeKey?: RouteKey
}

/** One answer as it came: JSON text stays text. */
export interface Told {
  readonly json: string
  readonly more: object | null
}

export class ServiceClient {
  readonly name: string
  private readonly clock: Clock
  private readonly instances: readonly Instance[]
  private readonly router: Router<Instance>
  private readonly routeKey: RouteKey
  private readonly budget = new RetryBudget()
  private readonly calls = new Set<Pending>()
  private readonly hopeful = new Set<() => void>()
  private scheduled = false
  private ticking: NodeJS.Timeout | null = null
  private repeats = 0

  constructor(options: ServiceOptions) {
    const { name, urls, clock } = options
    this.name = name
    this.clock = clock
    this.routeKey = options.routeKey ?? (() => null)
    const deps = {
      service: name,
      signer: options.signer,
      clock,
      log: options.log,
      answered: () => this.budget.wentWell(),
      failed: (instance: Instance, calls: readonly Pending[], end: { sent: boolean; again: boolean }) =>
        this.failed(instance, calls, end),
      wentUp: () => {
        for (const resolve of this.hopeful) resolve()
      },
    }
    this.instances = urls.map(url => new Instance(url, deps))
    this.router = new Router(this.instances, options.routing ?? 'key')
  }

  get status() {
    const up = this.instances.filter(instance => instance.up).length
    return { inFlight: this.calls.size, repeats: this.repeats, up, instances: this.instances.length }
  }

  /**
   * `head`: `frameHead` of door and operation. Resolves to the answer as it came, or to a refusal: unavailable (not
   * done), unknown. Rejects as the operation itself did.
   */
  ask(head: string, operation: string, call: Call, input: unknown): Promise<Told | Result<unknown>> {
    if (this.calls.size >= CALLS_MOST) return Promise.resolve(full)
    const key = this.instances.length === 1 ? null : this.routeKey(operation, input)
    const instance = this.router.pick(key)
    if (instance === null) return Promise.resolve(unavailable)
    return new Promise((resolve, reject) => {
      const pending: Pending = {
        body: frameBody(head, call, input),
        key,
        deadline: call.deadline,
        settle: answer => {
          this.calls.delete(pending)
          tell(answer, operation, resolve, reject)
        },
        refuse: refused => {
          this.calls.delete(pending)
          resolve(refused)
        },
        sent: false,
        repeated: false,
        settled: false,
      }
      this.calls.add(pending)
      this.send(instance, pending)
    })
  }

  /** Resolves to true as soon as an instance is there, to false after `patience` ms. */
  async whenUp(patience: number): Promise<boolean> {
    if (this.instances.some(instance => instance.up)) return true
    let timer: NodeJS.Timeout | undefined
    let wake = (): void => undefined
    const up = new Promise<boolean>(resolve => {
      timer = setTimeout(() => resolve(false), patience)
      wake = () => resolve(true)
      this.hopeful.add(wake)
    })
    const there = await up
    clearTimeout(timer)
    this.hopeful.delete(wake)
    return there
  }

  close(): void {
    if (this.ticking !== null) clearInterval(this.ticking)
    for (const instance of this.instances) instance.close()
  }

  private send(instance: Instance, call: Pending): void {
    instance.add(call)
    this.ticking ??= this.tick()
    if (this.scheduled) return
    this.scheduled = true
    // After everything that arrived in this turn was read.
    setImmediate(() => {
      this.scheduled = false
      for (const each of this.instances) each.flush()
    })
  }

  private failed(
    from: Instance,
    calls: readonly Pending[],
    { sent, again }: { sent: boolean; again: boolean },
  ): void {
    const now = this.clock()
    for (const call of calls) {
      call.sent ||= sent
      const elsewhere =
        call.repeated || call.deadline <= now ? null : this.router.pick(call.key, again ? null : from)
      if (elsewhere !== null && this.budget.take()) {
        call.repeated = true
        this.repeats++
        this.send(elsewhere, call)
      } else this.giveUp(call)
    }
  }

  private giveUp(call: Pending): void {
    call.settled = true
    call.refuse(call.sent ? unknown : unavailable)
  }

  private tick(): NodeJS.Timeout {
    let before = this.clock()
    const timer = setInterval(() => {
      const now = this.clock()
      const heldUp = now - before > HELD_UP_MS
      before = now
      for (const call of this.calls) {
        if (call.deadline + GRACE_MS > now) continue
        // On its way, or in the queue of an instance that is stuck: nobody knows.
        call.sent = true
        this.giveUp(call)
      }
      for (const instance of this.instances) instance.watch(now, heldUp)
      if (this.calls.size > 0 || this.ticking === null) return
      clearInterval(this.ticking)
      this.ticking = null
    }, TICK_MS)
    timer.unref()
    return timer
  }
}

function tell(
  answer: Answer,
  operation: string,
  resolve: (told: Told | Result<unknown>) => void,
  reject: (error: Error) => void,
): void {
  if ('json' in answer) resolve(answer)
  else if ('result' in answer) resolve(answer.result)
  else reject(errorOf(answer.broken, operation))
}

export function isTold(answer: Told | Result<unknown>): answer is Told {
  return !('ok' in answer)
}
