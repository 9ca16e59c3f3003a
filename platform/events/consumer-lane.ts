// One consumer's side of direct delivery: tells a poisoned event from a consumer that is down, and parks what
// cannot be delivered, so that neither holds up other keys or other consumers.

import type { Log } from '../log/log.ts'
import type { Clock } from '../module.ts'
import { isAway } from '../sql/errors.ts'
import type { Ledger } from '../sql/ledger.ts'
import type { Consumer } from './consumer.ts'
import { causeOf, DOWN, deadKeysAmong, hasLetters, type Parcel, park } from './dead-letters-store.ts'
import type { DomainEvent } from './event.ts'
import { type Delivery, deliverIsolating } from './isolate.ts'
import type { Fence, OutboxEvent, Outcome } from './transport.ts'

/** Tries before an event counts as poisoned: with the pauses of `outbox-window.ts` some two seconds. */
export const ATTEMPTS = 5
/** That many different keys failing with no success between: not the events are at fault but the consumer. */
const DOWN_KEYS = 3
/** Pause between trials of a consumer that is down, ms. */
const PROBE_MS = 1_000
/** Longest that a consumer may take for a batch, ms: longer than the ledger's own limit for one (10 s). */
const HANDLE_MOST_MS = 15_000
/** How long "has dead letters" is believed, ms. That it has none is always known: only we could add one. */
const LETTERS_MS = 1_000

export interface LaneDeps {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly log: Log
  /** Default `HANDLE_MOST_MS`. */
  readonly handleMost?: number
  /** Others park letters of this consumer too, of the same keys: that it has none is asked anew for each batch. */
  readonly shared?: boolean
}

/** An event with its payload parsed at most once, for however many consumers. */
export class Sent {
  readonly event: OutboxEvent
  private parsed: DomainEvent | null = null

  /** `parsed`: its payload, where it was parsed already. */
  constructor(event: OutboxEvent, parsed: DomainEvent['payload'] | null = null) {
    this.event = event
    const { type, key, version } = event
    if (parsed !== null) this.parsed = { type, key, version, payload: parsed }
  }
  get key(): string {
    return this.event.key
  }
  get domain(): DomainEvent {
    const { type, key, version, payload } = this.event
    this.parsed ??= { type, key, version, payload: JSON.parse(payload) as DomainEvent['payload'] }
    return this.parsed
  }
}

export class ConsumerLane {
  readonly consumer: Consumer
  private readonly deps: LaneDeps
  /** Different keys that failed since the last success, and how the last of them did. */
  private readonly streak = new Set<string>()
  private lastCause = ''
  /** The log was told that it is down. */
  private announced = false
  private nextProbe = 0
  /** A call that did not answer in time and may still be at work. */
  private hanging = false
  private letters: 'unknown' | 'none' | 'some' = 'unknown'
  private lettersAsked = 0

  constructor(consumer: Consumer, deps: LaneDeps) {
    this.consumer = consumer
    this.deps = deps
  }

  get down(): boolean {
    return this.hanging || this.streak.size >= DOWN_KEYS
  }

  /** Another relay may have parked letters of the shards that are ours now. */
  forget(): void {
    this.letters = 'unknown'
  }

  /** One outcome an event. Rejects when the ledger is away. */
  async deliver(sent: readonly Sent[], fence: Fence): Promise<Outcome[]> {
    const outcomes = new Map<Sent, Outcome>()
    const parcels = new Map<Sent, Parcel>()
    const dead = await this.deadKeys(sent)
    let open: Sent[] = []
    for (const each of sent) {
      if (dead.has(each.key)) parcels.set(each, { event: each.event, cause: null })
      else open.push(each)
    }
    if (this.down) {
      if (await this.probe(open[0])) outcomes.set(open[0]!, 'done')
      else for (const each of open) parcels.set(each, { event: each.event, cause: DOWN + this.lastCause })
      open = this.down ? [] : open.slice(1)
    }
    for (const batch of suspectsApart(open)) {
      const deliveries = await deliverIsolating(
        batch,
        each => this.hand(each),
        () => this.down,
      )
      for (const [i, each] of batch.entries()) this.judge(each, deliveries[i]!, outcomes, parcels)
    }
    if (parcels.size > 0) {
      this.letters = 'some'
      const { ledger, clock } = this.deps
      const parked = await park(ledger, this.consumer.name, [...parcels.values()], fence, clock())
      for (const [i, each] of [...parcels.keys()].entries()) outcomes.set(each, parked[i]!)
    }
    return sent.map(each => outcomes.get(each) ?? 'again')
  }

  private judge(
    sent: Sent,
    delivery: Delivery,
    outcomes: Map<Sent, Outcome>,
    parcels: Map<Sent, Parcel>,
  ): void {
    if (typeof delivery === 'string') {
      outcomes.set(sent, delivery === 'done' ? 'done' : 'again')
      return
    }
    outcomes.set(sent, 'failed')
    if (sent.event.attempt + 1 < ATTEMPTS || this.down) return
    const { consumer } = this
    const { type, key, version } = sent.event
    this.deps.log.error({ consumer: consumer.name, type, key, version, err: delivery.error }, 'dead letter')
    parcels.set(sent, { event: sent.event, cause: causeOf(delivery.error) })
  }

  /** Hands over a batch within its time and notes what that says of the consumer. */
  private async hand(batch: readonly Sent[]): Promise<void> {
    try {
      await this.inTime(this.consumer.handle(batch.map(each => each.domain)))
    } catch (error) {
      // The ledger that is away for everybody says nothing of this consumer.
      if (isAway(error)) throw error
      this.lastCause = causeOf(error)
      const wasDown = this.announced
      if (batch.length === 1 && !this.down) this.streak.add(batch[0]!.key)
      this.announced = this.down
      if (this.down && !wasDown)
        this.deps.log.error(
          { consumer: this.consumer.name, err: error },
          'consumer is down: parking its events',
        )
      throw error
    }
    this.streak.clear()
    if (this.announced) this.deps.log.info({ consumer: this.consumer.name }, 'consumer is up again')
    this.announced = false
  }

  private async inTime(running: Promise<void>): Promise<void> {
    const most = this.deps.handleMost ?? HANDLE_MOST_MS
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.hanging = true
        reject(new Error(`no answer within ${most} ms`))
      }, most)
    })
    const settled = running.finally(() => {
      clearTimeout(timer)
      this.hanging = false
    })
    return Promise.race([settled, late])
  }

  /** True where a consumer that was down took this event: it is up again. */
  private async probe(sent: Sent | undefined): Promise<boolean> {
    const now = this.deps.clock()
    if (sent === undefined || this.hanging || now < this.nextProbe) return false
    this.nextProbe = now + PROBE_MS
    const [delivery] = await deliverIsolating([sent], each => this.hand(each))
    return delivery === 'done'
  }

  /** Takes what comes, and no event has to wait behind a dead letter. */
  async clean(): Promise<boolean> {
    return !this.down && (await this.hasNoLetters())
  }

  private async deadKeys(sent: readonly Sent[]): Promise<ReadonlySet<string>> {
    if (await this.hasNoLetters()) return new Set()
    return deadKeysAmong(this.deps.ledger, this.consumer.name, [...new Set(sent.map(each => each.key))])
  }

  private async hasNoLetters(): Promise<boolean> {
    if (this.letters === 'none' && this.deps.shared !== true) return true
    const now = this.deps.clock()
    if (this.letters !== 'some' || now - this.lettersAsked >= LETTERS_MS) {
      this.lettersAsked = now
      this.letters = (await hasLetters(this.deps.ledger, this.consumer.name)) ? 'some' : 'none'
    }
    return this.letters === 'none'
  }
}

/** Keys with an event that failed before go by themselves, so that a poisoned one spoils no big batch again. */
function suspectsApart(sent: readonly Sent[]): Sent[][] {
  const suspects = new Set(sent.filter(each => each.event.attempt > 0).map(each => each.key))
  if (suspects.size === 0) return sent.length === 0 ? [] : [[...sent]]
  const clean = sent.filter(each => !suspects.has(each.key))
  const apart = [...suspects].map(key => sent.filter(each => each.key === key))
  return clean.length === 0 ? apart : [clean, ...apart]
}
