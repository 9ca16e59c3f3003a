// Sends what is in the queue: at least once, in the order of each incident on each way, whatever fails in between. What it knows is in
// the store; a process that is killed goes on where it was.

import type { Log } from '../../platform/log/log.ts'
import type { SmallStore } from '../../platform/store/small-store.ts'
import { type Backoff, fullJitter } from '../../resilience/backoff.ts'
import type { Channel, Outcome } from './channels/channel.ts'
import { type ContactBook, contactById } from './contacts.ts'
import {
  addDeliveries,
  attemptBegins,
  attemptFailed,
  type Delivery,
  finish,
  heads,
  joinInto,
  keptMessage,
  levelOf,
  sentSince,
} from './delivery-store.ts'
import { digestOf, isDigest } from './digest.ts'
import { fallBack, nextOverdue, overdue, PATIENCE, type Patience } from './fall-back.ts'
import { bounded } from './message.ts'
import type { LinkMaker } from './personal-links.ts'
import type { ChannelName } from './routes.ts'
import { isExempt, passagesOf, STORM, type StormLimits } from './storm.ts'

export interface DeliverySettings {
  readonly backoff: Backoff
  /** Least pause between two attempts, ms. */
  readonly pauseLeast: number
  /** Most attempts of one delivery. */
  readonly attemptsMost: number
  /** Most on their way at once on one channel; emergencies may be as many again. */
  readonly atOnce: number
  readonly patience: Patience
  readonly storm: StormLimits
  /** Looks at least so often, ms: another process may have put something in. */
  readonly every: number
}

export const DELIVERY: DeliverySettings = {
  // A minute between tries is what a service in trouble bears.
  backoff: { first: 1_000, most: 60_000 },
  // Jitter may say "at once", and what just failed fails again at once.
  pauseLeast: 500,
  // At half a minute each on average: most of two hours, after which other channels have told it long ago.
  attemptsMost: 200,
  // One that hangs for ten seconds does not hold up the rest, and no service is flooded.
  atOnce: 4,
  patience: PATIENCE,
  storm: STORM,
  every: 2_000,
}

export interface DeliveryPlaces {
  readonly store: SmallStore
  readonly channels: ReadonlyMap<ChannelName, Channel>
  /** As they are now: the file may be read anew. */
  readonly book: () => ContactBook
  readonly links: LinkMaker
  /** Epoch ms. */
  readonly clock: () => number
  /** 0 to below 1. */
  readonly random: () => number
  readonly log: Log
  readonly settings?: Partial<DeliverySettings>
}

/** What became of one delivery, for the time line of its incident. */
export interface Delivered {
  readonly delivery: Delivery
  readonly state: 'delivered' | 'refused' | 'given-up'
  readonly at: number
  readonly why: string | null
}

interface Trouble {
  /** Epoch ms. */
  readonly since: number
  /** The service asked to be left alone until then, epoch ms. */
  readonly notBefore: number
}

export class Deliveries {
  private readonly places: DeliveryPlaces
  private readonly settings: DeliverySettings
  private readonly started: number
  private readonly onTheirWay = new Map<number, { delivery: Delivery; done: Promise<void> }>()
  private readonly troubles = new Map<ChannelName, Trouble>()
  private readonly stopping = new AbortController()
  private readonly listeners: ((delivered: Delivered) => void)[] = []
  private timer: NodeJS.Timeout | null = null

  constructor(places: DeliveryPlaces) {
    this.places = places
    this.settings = { ...DELIVERY, ...places.settings }
    this.started = places.clock()
  }

  /** Called after the outcome is in the store. */
  onDone(listener: (delivered: Delivered) => void): void {
    this.listeners.push(listener)
  }

  start(): void {
    this.look()
  }

  /** Something was put in: after the transaction, not within it. */
  wake(): void {
    if (this.timer !== null) this.look()
  }

  /** Gives up what is on its way; the next start tells it again, as a repeat. */
  async stop(): Promise<void> {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
    this.stopping.abort()
    await this.settled()
  }

  /** Resolves when nothing is on its way any more. */
  async settled(): Promise<void> {
    while (this.onTheirWay.size > 0) await Promise.all([...this.onTheirWay.values()].map(({ done }) => done))
  }

  /** Since when channels fail, epoch ms. */
  get failing(): ReadonlyMap<ChannelName, number> {
    return new Map([...this.troubles].map(([channel, { since }]) => [channel, since]))
  }

  /** Sends what may be sent now. Returns when to look again, epoch ms. */
  pump(): number {
    const now = this.places.clock()
    this.findOtherWays(now)
    const { every, patience } = this.settings
    const times = [now + every, ...this.sendHeads(now)]
    const late = nextOverdue(this.fallBackPlaces, patience, this.started)
    // What is overdue already waits for a channel that works: the regular look is soon enough.
    if (late !== null && late > now) times.push(late)
    return Math.min(...times)
  }

  private look(): void {
    if (this.timer !== null) clearTimeout(this.timer)
    if (this.stopping.signal.aborted) return
    const { clock, log } = this.places
    let next = clock() + this.settings.every
    try {
      next = this.pump()
    } catch (err) {
      // The store was busy, or its disk is full: the queue is as it was, and is looked at again.
      log.error({ err }, 'the queue of alerts cannot be read or written')
    }
    this.timer = setTimeout(() => this.look(), Math.max(1, next - clock()))
  }

  private sendHeads(now: number): number[] {
    const ways = new Map<string, Delivery[]>()
    for (const delivery of heads(this.places.store)) {
      const way = `${delivery.channel} ${delivery.contact}`
      const rows = ways.get(way)
      if (rows === undefined) ways.set(way, [delivery])
      else rows.push(delivery)
    }
    return [...ways.values()].flatMap(rows => this.sendWay(rows, now))
  }

  /** `rows`: of one way, the worst first. Returns when to look again. */
  private sendWay(rows: readonly Delivery[], now: number): number[] {
    const { store } = this.places
    const { storm } = this.settings
    const { channel, contact } = rows[0]!
    const idle = rows.filter(row => !this.isUnderWay(row))
    const notBefore = this.troubles.get(channel)?.notBefore ?? now
    const times = idle.map(({ due }) => Math.max(due, notBefore)).filter(time => time > now)
    const due = notBefore > now ? [] : idle.filter(row => row.due <= now)
    if (due.length === 0) return times
    const under = rows.length - idle.length
    const sent = due.every(isExempt) ? 0 : under + sentSince(store, channel, contact, now - storm.window)
    for (const passage of passagesOf(due, sent, rows.some(isDigest), now, storm)) {
      if (passage.is === 'hold') times.push(passage.until)
      else if (passage.is === 'send') this.send(passage.delivery)
      else this.send(this.join(passage.deliveries, now))
    }
    return times
  }

  /** Something of the same incident is, on the same way: even what was superseded meanwhile must not arrive after its successor. */
  private isUnderWay({ channel, contact, incident }: Delivery): boolean {
    return [...this.onTheirWay.values()].some(
      ({ delivery }) =>
        delivery.channel === channel && delivery.contact === contact && delivery.incident === incident,
    )
  }

  private join(deliveries: readonly Delivery[], now: number): Delivery {
    const { store } = this.places
    const { channel, contact } = deliveries[0]!
    return store.transact(() => {
      const joined = deliveries.map(delivery => ({ delivery, ...keptMessage(store, delivery.message) }))
      const mentions = [...new Set(joined.flatMap(kept => kept.mentions))]
      const message = bounded(digestOf(joined, now))
      addDeliveries(store, { message, mentions }, [{ channel, contact }], now)
      joinInto(
        store,
        message.id,
        deliveries.map(({ seq }) => seq),
      )
      return heads(store).find(row => row.message === message.id)!
    })
  }

  private send(delivery: Delivery): void {
    const { channel, level, seq } = delivery
    const { atOnce } = this.settings
    const most = levelOf(level) === 'emergency' ? 2 * atOnce : atOnce
    const busy = [...this.onTheirWay.values()].filter(other => other.delivery.channel === channel).length
    // Whoever comes back makes room, and looks.
    if (busy >= most) return
    const done = this.attempt(delivery).then(
      () => {
        this.onTheirWay.delete(seq)
        this.wake()
      },
      (err: unknown) => {
        this.onTheirWay.delete(seq)
        // The store cannot be written: it is looked at again in its time, not in a circle.
        this.places.log.error({ err, channel }, 'the outcome of an alert could not be recorded')
      },
    )
    this.onTheirWay.set(seq, { delivery, done })
  }

  private async attempt(delivery: Delivery): Promise<void> {
    const { store, channels, book, links } = this.places
    const { message, mentions } = keptMessage(store, delivery.message)
    const channel = channels.get(delivery.channel)
    const contact = contactById(book(), delivery.contact)
    if (channel === undefined || contact === null)
      return this.record(delivery, { is: 'refused', why: 'is not set up any more' })
    const telling = {
      ...message,
      links: [...links(message, contact), ...message.links],
      mentions,
      again: delivery.unsure === 1,
    }
    attemptBegins(store, delivery.seq)
    let outcome: Outcome
    try {
      outcome = await channel.deliver(telling, contact, this.stopping.signal)
    } catch (error) {
      // A bug of ours in one channel is no reason to tell nobody: the next one is asked.
      this.places.log.error({ err: error, channel: channel.name }, 'a channel failed in itself')
      outcome = { is: 'later', after: null, why: 'failed in itself', mayHaveArrived: true, all: false }
    }
    this.record(delivery, outcome)
  }

  private record(delivery: Delivery, outcome: Outcome): void {
    const { store, log, clock, random } = this.places
    const { backoff, pauseLeast, attemptsMost } = this.settings
    const { channel, contact, incident, seq } = delivery
    const now = clock()
    if (outcome.is === 'delivered') {
      this.troubles.delete(channel)
      this.end(delivery, 'delivered', null, now)
      return
    }
    const { is, why } = outcome
    const attempts = delivery.attempts + 1
    log.warn({ channel, contact, incident, attempts, outcome: is, why }, 'an alert was not delivered')
    if (is === 'refused') {
      this.end(delivery, 'refused', why, now)
      return
    }
    const after = outcome.after ?? 0
    // What we gave up ourselves says nothing of the channel.
    if (!this.stopping.signal.aborted) this.troubled(channel, outcome.all ? now + after : now, now)
    if (attempts >= attemptsMost) {
      this.end(delivery, 'given-up', why, now)
      return
    }
    // Jitter comes on top of what the service asked for: all that wait for it would come together.
    const due = now + Math.max(pauseLeast, after + fullJitter(backoff, attempts, random()))
    attemptFailed(store, seq, due, delivery.unsure === 1 || outcome.mayHaveArrived, why)
  }

  private troubled(channel: ChannelName, notBefore: number, now: number): void {
    const before = this.troubles.get(channel)
    this.troubles.set(channel, {
      since: before?.since ?? now,
      notBefore: Math.max(before?.notBefore ?? 0, notBefore),
    })
  }

  private end(delivery: Delivery, state: Delivered['state'], why: string | null, now: number): void {
    const { store, log } = this.places
    const ended = store.transact(() => {
      if (!finish(store, delivery, state, why, now)) return false
      if (state === 'delivered' || delivery.fell_back === 1) return true
      const others = fallBack(this.fallBackPlaces, delivery, now)
      if (others === null || others.length === 0)
        log.error(
          { channel: delivery.channel, incident: delivery.incident },
          'no other channel is told of it',
        )
      return true
    })
    if (ended) for (const listener of this.listeners) listener({ delivery, state, at: now, why })
  }

  private findOtherWays(now: number): void {
    const { store } = this.places
    if (this.troubles.size === 0) return
    const late = overdue(this.fallBackPlaces, this.settings.patience, this.started, now)
    if (late.length === 0) return
    store.transact(() => {
      for (const delivery of late) fallBack(this.fallBackPlaces, delivery, now)
    })
  }

  private get fallBackPlaces() {
    const { store, book, channels } = this.places
    return { store, book: book(), configured: new Set(channels.keys()), troubles: this.failing }
  }
}
