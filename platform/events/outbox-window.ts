// What a relay has read and not yet got rid of: the rows by key, who may go next, who has to wait. Pure.
// It only mirrors the outbox: lost with the process, read again by the next.

import { type Backoff, fullJitter } from '../../resilience/backoff.ts'
import type { Arrival, OutboxEvent, Sending } from './transport.ts'

/** Pauses after a failure: five attempts take some 2 s on average, so a short illness heals unseen. */
export const RETRY: Backoff = { first: 100, most: 5_000 }
/** Pause of what was not tried, ms: one turn of the relay. */
const AGAIN_MS = 20

interface KeyQueue<E> {
  /** In order of version. */
  events: E[]
  /** Sent, and not known to have arrived: the others wait for it. */
  underWay: number
  /** Epoch ms before which nothing of this key is sent. */
  heldUntil: number
}

export class OutboxWindow<E extends OutboxEvent = OutboxEvent> {
  private readonly queues = new Map<string, KeyQueue<E>>()
  private readonly seqs = new Set<number>()
  private readonly sent = new Map<number, E>()
  private sending: readonly E[] = []
  private held = 0

  /** Events held, those being sent or under way included. */
  get size(): number {
    return this.seqs.size
  }

  /** Events sent that may have arrived or not. */
  get underWay(): number {
    return this.sent.size
  }

  /** Length of their payloads, characters. */
  get bytes(): number {
    return this.held
  }

  numbers(): Iterable<number> {
    return this.seqs
  }

  add(event: E): void {
    if (this.seqs.has(event.seq)) return
    this.seqs.add(event.seq)
    this.held += event.payload.length
    this.queueOf(event.key).events.push(event)
    this.sort(event.key)
  }

  /** Up to `most` events to send now, oldest key first, of each key in order of version. Then comes `settle`. */
  take(now: number, most: number): readonly E[] {
    if (this.sending.length > 0) throw new Error('the last batch is not settled yet')
    const batch: E[] = []
    for (const [key, queue] of this.queues) {
      if (batch.length >= most) break
      if (queue.heldUntil > now || queue.underWay > 0) continue
      const room = most - batch.length
      if (queue.events.length <= room) {
        for (const event of queue.events) batch.push(event)
        this.queues.delete(key)
      } else batch.push(...queue.events.splice(0, room))
    }
    this.sending = batch
    return batch
  }

  /** Takes the outcomes of the batch, or null where nothing is known of it. Returns the events that are done. */
  settle(outcomes: readonly Sending[] | null, now: number, random: () => number): E[] {
    const batch = this.sending
    this.sending = []
    const done: E[] = []
    for (const [i, event] of batch.entries()) {
      const outcome = outcomes === null ? 'again' : outcomes[i]!
      if (outcome === 'sent') {
        this.sent.set(event.seq, event)
        this.queueOf(event.key).underWay++
      } else if (outcome === 'done') {
        this.forget(event)
        done.push(event)
      } else this.putBack(event, outcome, now, random)
    }
    return done
  }

  /** Takes what became of events that were sent. Returns those that are done. */
  arrived(arrivals: readonly Arrival[], now: number, random: () => number): E[] {
    const done: E[] = []
    for (const { seq, outcome } of arrivals) {
      const event = this.sent.get(seq)
      if (event === undefined) continue // its shard was lost meanwhile
      this.sent.delete(seq)
      this.queueOf(event.key).underWay--
      if (outcome === 'done') {
        this.forget(event)
        done.push(event)
        this.dropIfEmpty(event.key)
      } else this.putBack(event, outcome, now, random)
    }
    return done
  }

  /** Forgets what belongs to shards that are not held any more. Not while a batch is being sent. */
  keepOnly(holds: (shard: number) => boolean): void {
    for (const event of this.sent.values()) {
      if (holds(event.shard)) continue
      this.sent.delete(event.seq)
      this.queueOf(event.key).underWay--
      this.forget(event)
    }
    for (const [key, { events, underWay }] of this.queues) {
      const [first] = events
      if (first === undefined ? underWay > 0 : holds(first.shard)) continue
      for (const event of events) this.forget(event)
      this.queues.delete(key)
    }
  }

  /** How many events may be sent now; counted up to `enough`. */
  ready(now: number, enough: number): number {
    let count = 0
    for (const { events, heldUntil, underWay } of this.queues.values()) {
      if (heldUntil <= now && underWay === 0) count += events.length
      if (count >= enough) break
    }
    return count
  }

  private putBack(event: E, outcome: 'failed' | 'again', now: number, random: () => number): void {
    const attempt = event.attempt + (outcome === 'failed' ? 1 : 0)
    const pause = outcome === 'failed' ? fullJitter(RETRY, attempt, random()) : AGAIN_MS
    const queue = this.queueOf(event.key)
    queue.events.push({ ...event, attempt })
    queue.heldUntil = Math.max(queue.heldUntil, now + pause)
    this.sort(event.key)
  }

  private dropIfEmpty(key: string): void {
    const queue = this.queues.get(key)
    if (queue !== undefined && queue.events.length === 0 && queue.underWay === 0) this.queues.delete(key)
  }

  private forget(event: E): void {
    this.seqs.delete(event.seq)
    this.held -= event.payload.length
  }

  private queueOf(key: string): KeyQueue<E> {
    let queue = this.queues.get(key)
    if (queue === undefined) {
      queue = { events: [], underWay: 0, heldUntil: 0 }
      this.queues.set(key, queue)
    }
    return queue
  }

  private sort(key: string): void {
    const { events } = this.queueOf(key)
    const last = events.length - 1
    // Nearly always in order already: the outbox gives a key's rows growing numbers.
    if (last > 0 && before(events[last]!, events[last - 1]!)) events.sort((a, b) => (before(a, b) ? -1 : 1))
  }
}

function before(a: OutboxEvent, b: OutboxEvent): boolean {
  return a.version === b.version ? a.seq < b.seq : a.version < b.version
}
