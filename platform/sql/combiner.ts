// The combiner: concurrent requests for the same rows become one transaction. It waits for nobody: a batch
// is whatever gathered while the previous commit ran. Each caller gets an answer of its own; a poisoned
// request fails alone; a request whose row somebody else holds is parked and does not hold up the others.

import type { Call } from '../contract/call.ts'
import { type Result, refuse } from '../contract/result.ts'
import type { Clock } from '../module.ts'
import { answerAll, Batch, type Pending, tooLate, unavailable } from './batch.ts'
import type { Combinable, Memory, Outcome } from './combinable.ts'
import type { CombinerLimits } from './combiner-limits.ts'
import { CommitUnknown, LedgerUnavailable, trouble } from './errors.ts'
import { firstAnswer, firstAnswersOf } from './first-answer.ts'
import type { Flight } from './flight.ts'
import { Behind, CONFLICT_RETRIES, conflictPause, type Lane, type Ledger } from './ledger.ts'
import type { Row, Select, Write } from './statements.ts'

export type { AuditNote, BatchContext, Combinable, Decision, Memory, Outcome } from './combinable.ts'

/** First pause of a parked request, ms; it doubles up to the second. */
const PARK_MS = 4
const PARK_MOST_MS = 64
/** Batches decided under locks after memory was wrong: somebody else is at the same rows. */
const CAUTION = 8
/** Batches decided from memory that may go before a request that has to be decided under locks. */
const PASSED_OVER_MOST = 4
/** Batches under way at once: the ledger begins the next when one is through, and those answered are yet to return. */
const FLIGHTS_MOST = 3
/** A further batch is sent when it has this part of the last one's size, so that batches stay big. */
const WORTH_PART = 0.5
/** Pauses between look-ups of a lost COMMIT, ms: a server that ends a dead connection's work needs a moment. */
const LOOKUP_PAUSES_MS = [20, 100, 400, 1000]

/** Told of every batch: for metrics. Times in ms. */
export type BatchObserver = (batch: {
  name: string
  size: number
  oldestWait: number
  duration: number
}) => void

export class Combiner<Req, Res> {
  private readonly lane: Lane
  private readonly family: Combinable<Req, Res>
  private readonly limits: CombinerLimits
  private readonly missingMeansAbsent: boolean
  private readonly observe: BatchObserver
  private readonly clock: Clock
  private readonly memory: Memory<Req, Res> | null
  /** Waiting, in order of arrival. */
  private queue: Pending<Req, Res>[] = []
  /** Decided from memory while the previous batch commits; not sent yet. */
  private draft: Batch<Req, Res>
  /** To be decided under locks: refused or unknown to memory. */
  private careful: Pending<Req, Res>[] = []
  /** Batches that went before what is in `careful`. */
  private passedOver = 0
  /** Batches decided from memory on their way, in order: each rests on those before. */
  private flights: Flight<Req, Res>[] = []
  /** Batches still to decide under locks after memory was wrong. */
  private caution = 0
  /** Committed, and not told yet: first the next batch is sent, so that the ledger need not wait for the telling. */
  private untold: Batch<Req, Res>[] = []
  /** A flight failed: nothing more is decided from memory or sent until that is settled. */
  private grounded = false
  private aheadScheduled = false
  private parked = 0
  private running = false
  private idle: Array<() => void> = []

  constructor(
    ledger: Ledger,
    family: Combinable<Req, Res>,
    limits: CombinerLimits,
    observe: BatchObserver = () => {},
    clock: Clock = Date.now,
  ) {
    this.lane = ledger.lane(family.name)
    this.family = family
    this.limits = limits
    this.missingMeansAbsent = ledger.dialect === 'sqlite'
    this.observe = observe
    this.clock = clock
    this.memory = family.memory ?? null
    this.draft = new Batch(family.name)
  }

  /** Resolves with the decision on this request, after its commit. Rejects only for a bug or a broken ledger. */
  submit(call: Call, request: Req): Promise<Result<Res>> {
    if (this.depth >= this.limits.maxQueue) {
      return Promise.resolve(
        refuse('overloaded', `More than ${this.limits.maxQueue} requests wait.`, { retryAfter: 1 }),
      )
    }
    return new Promise((resolve, reject) => {
      this.queue.push({ request, call, enqueuedAt: this.clock(), parks: 0, resolve, reject })
      this.wake()
    })
  }

  get depth(): number {
    return this.queue.length + this.careful.length + this.draft.size + this.parked
  }

  /** Resolves when nothing waits and nothing runs. */
  drained(): Promise<void> {
    if (!this.running && this.depth === 0) return Promise.resolve()
    return new Promise(resolve => this.idle.push(resolve))
  }

  private wake(): void {
    if (!this.running) {
      this.running = true
      // After this turn of the loop: all requests that arrived together join.
      setImmediate(() => void this.work())
    } else if (this.flights.length > 0 && !this.aheadScheduled) {
      // A batch is committing: decide this turn's arrivals meanwhile.
      this.aheadScheduled = true
      setImmediate(() => this.decideAhead())
    }
  }

  private async work(): Promise<void> {
    for (;;) {
      this.fillDraft()
      this.launchDraft()
      this.tell()
      const flight = this.flights[0]
      if (flight !== undefined) {
        await this.land(flight)
        continue
      }
      if (this.careful.length > 0 || this.queue.length > 0) {
        // What memory left comes first: it arrived first.
        this.queue = [...this.careful, ...this.queue]
        this.careful = []
        this.passedOver = 0
        const batch = this.take(this.clock())
        if (batch.length > 0) await this.run(batch, 1)
        if (this.caution > 0) this.caution--
      } else break
      // Let the loop read new requests: they are the next batch.
      await new Promise<void>(resolve => setImmediate(resolve))
    }
    this.running = false
    if (this.depth === 0) for (const resolve of this.idle.splice(0)) resolve()
  }

  private decideAhead(): void {
    this.aheadScheduled = false
    // Without one under way the loop itself decides, or a batch under locks has the lane, and memory, to itself.
    if (this.flights.length === 0) return
    this.fillDraft()
    this.launchDraft()
  }

  private launchDraft(): void {
    if (this.draft.size > 0 && this.mayLaunch()) this.launch()
  }

  private mayLaunch(): boolean {
    const last = this.flights.at(-1)
    if (last === undefined) return true
    if (this.grounded || !this.lane.chains || this.flights.length >= FLIGHTS_MOST) return false
    return this.draft.size >= last.batch.size * WORTH_PART
  }

  /** Decides waiting requests from memory. What memory cannot say yes to waits to be decided under locks. */
  private fillDraft(): void {
    if (this.memory === null || this.caution > 0 || this.grounded || this.queue.length === 0) return
    if (this.passedOver >= PASSED_OVER_MOST) return
    const now = this.clock()
    let i = 0
    for (; i < this.queue.length && this.draft.size < this.limits.maxBatch; i++) {
      const pending = this.queue[i]!
      const key = pending.call.idempotency?.id
      if (pending.call.deadline <= now) tooLate(pending)
      else if (
        pending.parks > 0 ||
        (key !== undefined &&
          (this.draft.keys.has(key) || this.flights.some(({ batch }) => batch.keys.has(key))))
      ) {
        this.careful.push(pending)
      } else if (this.memory.knows(pending.request)) {
        const outcome = this.recall(pending, now)
        if (outcome !== 'parked' && outcome.result.ok) this.draft.add(pending, outcome, now)
        else this.careful.push(pending)
      } else this.careful.push(pending)
    }
    this.queue = i >= this.queue.length ? [] : this.queue.slice(i)
  }

  /** What memory decides. Where it is wrong, all that rests on it is decided under locks, and what is wrong shows there. */
  private recall({ request, call }: Pending<Req, Res>, now: number): Outcome<Res> {
    try {
      return this.memory!.decide(request, call, now)
    } catch {
      this.distrust()
      return 'parked'
    }
  }

  private distrust(): void {
    this.memory!.forget()
    this.caution = CAUTION
    this.careful = [...this.draft.members, ...this.careful]
    this.draft = new Batch(this.family.name)
  }

  /** Writes the draft in one round trip; meanwhile the next one fills. */
  private launch(): void {
    const batch = this.draft
    const started = this.clock()
    this.draft = new Batch(this.family.name)
    if (this.careful.length > 0) this.passedOver++
    const { locks, writes } = this.memory!.flush()
    const outcome = this.lane.attempt(locks, [...writes, ...batch.writes(started)]).then(
      () => null,
      (error: unknown) => {
        this.grounded = true
        return { error }
      },
    )
    this.flights.push({ batch, started, outcome })
  }

  /** Waits for the first flight. When it fails, so do those behind it. */
  private async land(flight: Flight<Req, Res>): Promise<void> {
    const failure = await flight.outcome
    if (failure === null) {
      this.flights.shift()
      this.untold.push(flight.batch)
      this.note(flight.batch.members, flight.started)
      return
    }
    const flights = this.flights
    // All have come to rest before anything is decided under locks.
    await Promise.all(flights.map(each => each.outcome))
    // What was decided ahead of this commit was decided on rows that never were.
    this.distrust()
    this.flights = []
    this.grounded = false
    for (const { batch, outcome } of flights) {
      const failed = await outcome
      if (failed === null) {
        this.untold.push(batch)
        continue
      }
      // A version that memory expected was another process's to change: judged under locks, not by this.
      if (failed.error instanceof Behind || trouble(failed.error) === 'guard')
        await this.run(batch.members, 1)
      else await this.recover(batch.members, 1, failed.error)
    }
  }

  /** The callers of batches that are committed hear what was decided. */
  private tell(): void {
    for (const batch of this.untold.splice(0)) batch.answer()
  }

  /** The next batch: in order of arrival, no two of one key, nobody whose caller has gone. */
  private take(now: number): Pending<Req, Res>[] {
    const batch: Pending<Req, Res>[] = []
    const later: Pending<Req, Res>[] = []
    const keys = new Set<string>()
    let i = 0
    for (; i < this.queue.length && batch.length < this.limits.maxBatch; i++) {
      const pending = this.queue[i]!
      const key = pending.call.idempotency?.id
      if (pending.call.deadline <= now) tooLate(pending)
      else if (key !== undefined && keys.has(key)) later.push(pending)
      else {
        if (key !== undefined) keys.add(key)
        batch.push(pending)
      }
    }
    this.queue = later.length === 0 && i >= this.queue.length ? [] : [...later, ...this.queue.slice(i)]
    return batch
  }

  private async run(members: Pending<Req, Res>[], attempt: number): Promise<void> {
    const started = this.clock()
    let batch: Batch<Req, Res> = new Batch(this.family.name)
    try {
      await this.lane.transact(this.reads(members), sets => {
        batch = new Batch(this.family.name)
        return this.decide(batch, members, sets, this.clock())
      })
    } catch (error) {
      this.memory?.forget()
      return this.recover(members, attempt, error)
    }
    this.memory?.learn()
    batch.answer()
    for (const pending of batch.parked) this.park(pending)
    this.note(members, started)
  }

  private note(members: readonly Pending<Req, Res>[], started: number): void {
    const oldestWait = started - members[0]!.enqueuedAt
    this.observe({
      name: this.family.name,
      size: members.length,
      oldestWait,
      duration: this.clock() - started,
    })
  }

  private reads(batch: readonly Pending<Req, Res>[]): Select[] {
    const ids = batch.flatMap(({ call }) => (call.idempotency ? [call.idempotency.id] : []))
    const requests = batch.map(pending => pending.request)
    const retried = batch.map(pending => pending.parks > 0)
    // Keys last: what a twin elsewhere committed while these rows were its own is seen once they are locked.
    return [...this.family.reads(requests, retried), firstAnswersOf(ids)]
  }

  private decide(
    batch: Batch<Req, Res>,
    members: readonly Pending<Req, Res>[],
    sets: readonly Row[][],
    now: number,
  ): readonly Write[] {
    const known = new Map(sets.at(-1)?.map(row => [row.id as string, row]))
    const fresh: Pending<Req, Res>[] = []
    for (const pending of members) {
      const first = pending.call.idempotency && known.get(pending.call.idempotency.id)
      if (first) batch.repeat(pending, firstAnswer(pending.call, first))
      else fresh.push(pending)
    }
    if (fresh.length === 0) return []
    const { outcomes, writes } = this.family.decide(
      fresh.map(pending => pending.request),
      fresh.map(pending => pending.call),
      sets.slice(0, -1),
      { now, missingMeansAbsent: this.missingMeansAbsent, retried: fresh.map(pending => pending.parks > 0) },
    )
    for (const [i, pending] of fresh.entries()) batch.add(pending, outcomes[i]!, now)
    return [...writes, ...batch.writes(now)]
  }

  /** A parked request comes back after a pause that grows, until its wait or its caller's deadline ends. */
  private park(pending: Pending<Req, Res>): void {
    const pause = Math.min(PARK_MS * 2 ** pending.parks, PARK_MOST_MS)
    pending.parks++
    const now = this.clock()
    if (now + pause > Math.min(pending.enqueuedAt + this.limits.lockWait, pending.call.deadline)) {
      pending.resolve(
        refuse('lock_timeout', 'Its rows were held by somebody else all the time.', { retryAfter: 1 }),
      )
      return
    }
    this.parked++
    setTimeout(() => {
      this.parked--
      this.queue.push(pending)
      this.wake()
    }, pause)
  }

  private async recover(batch: Pending<Req, Res>[], attempt: number, error: unknown): Promise<void> {
    if (error instanceof CommitUnknown) return this.lookUp(batch, attempt)
    // For whom there is no room, there is none alone either.
    if (error instanceof LedgerUnavailable || trouble(error) === 'full')
      return answerAll(batch, unavailable())
    if (trouble(error) === 'conflict') {
      if (attempt <= CONFLICT_RETRIES) {
        await pause(conflictPause(attempt, Math.random()))
        return this.run(batch, attempt + 1)
      }
      if (batch.length === 1)
        return answerAll(batch, refuse('lock_timeout', 'Others were faster too often.', { retryAfter: 1 }))
    }
    if (batch.length === 1) return batch[0]!.reject(error)
    // One of them is poisoned: halve until it stands alone. Everybody else gets through.
    const middle = batch.length >> 1
    await this.run(batch.slice(0, middle), 1)
    await this.run(batch.slice(middle), 1)
  }

  /** COMMIT's answer was lost. The batch is one transaction, so one row of it found means all of it happened. */
  private async lookUp(batch: Pending<Req, Res>[], attempt: number): Promise<void> {
    if (attempt > CONFLICT_RETRIES)
      return answerAll(batch, refuse('outcome_unknown', 'The ledger did not say.', { retryAfter: 1 }))
    for (const wait of LOOKUP_PAUSES_MS) {
      await pause(wait)
      try {
        await this.lane.read([firstAnswersOf([])])
        // Reachable again. A second run finds what was committed by its keys, and does what was not.
        return this.run(batch, attempt + 1)
      } catch (error) {
        if (!(error instanceof LedgerUnavailable)) throw error
      }
    }
    answerAll(batch, refuse('outcome_unknown', 'The ledger went away during the commit.', { retryAfter: 2 }))
  }
}

const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))
