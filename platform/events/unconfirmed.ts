// Events that are in Kafka and not yet known to be with everybody who wants them. Pure: time is an argument.
//
// That Kafka took an event says little: it can lose what it acknowledged. Its row leaves the outbox when each
// consumer that wants it has handled it, which is known in one of two ways:
// - a group in this process says so itself, event by event; or
// - the group's committed offset has passed it. That counts only in the log that the event was sent into: under
//   another leader, or in a topic made anew, another record may stand in its place.

import type { Place, Position } from '../kafka/kafka.ts'
import type { OutboxEvent } from './transport.ts'

/**
 * A consumer that wants events and has handled none for so long is down, ms: after its process was killed, another
 * takes over within 7 s.
 */
export const DOWN_AFTER_MS = 15_000
/** Longest that an event waits for a consumer that handles others, ms: one partition may be stuck. */
export const WAIT_MOST_MS = 60_000
/** An event whose log is gone is sent again after this long, ms: its consumer may have had it all the same. */
export const RESEND_MS = 3_000
/** Failed sendings of an event before whoever has not got it is given it another way: about a minute and a half. */
const SENDINGS_MOST = 20
/** Events given up at once: a transaction of some 100 ms. */
const GIVE_UP_MOST = 500

/** What the last look at the groups brought. Replaced, never changed. */
export interface Snapshot {
  /** Which log each partition is. */
  readonly logs: ReadonlyMap<number, string>
  /** By consumer and partition. */
  readonly committed: ReadonlyMap<string, ReadonlyMap<number, number>>
}

export type EventId = Pick<OutboxEvent, 'seq' | 'key' | 'version'>

interface Entry {
  readonly event: OutboxEvent
  readonly missing: Set<string>
  readonly sentAt: number
  /** The last look before it was sent. */
  readonly before: Snapshot
  place: Place | null
  /** Null: committed offsets say nothing of it. */
  log: string | null
}

export interface Verdicts {
  /** Consumers that get these another way: as dead letters. In order per key. */
  readonly giveUp: ReadonlyMap<string, readonly OutboxEvent[]>
  /** To be sent again. */
  readonly lost: readonly number[]
}

export class Unconfirmed {
  private readonly entries = new Map<number, Entry>()
  private arrived: number[] = []
  private snapshot: Snapshot = { logs: new Map(), committed: new Map() }
  /** When each consumer last handled something, or began to owe, epoch ms. */
  private readonly heard = new Map<string, number>()
  private readonly owed = new Map<string, number>()
  private readonly down = new Set<string>()
  private trouble = 0

  get size(): number {
    return this.entries.size
  }

  get consumersDown(): readonly string[] {
    return [...this.down]
  }

  /** It is about to be sent. Whatever was known of it is forgotten. */
  expect(event: OutboxEvent, consumers: readonly string[], now: number): void {
    this.forget(event.seq)
    const missing = new Set(consumers)
    this.entries.set(event.seq, {
      ...{ event, missing, sentAt: now, before: this.snapshot, place: null, log: null },
    })
    for (const consumer of consumers) {
      const owed = this.owed.get(consumer) ?? 0
      if (owed === 0) this.heard.set(consumer, now)
      this.owed.set(consumer, owed + 1)
    }
  }

  /** Kafka has it. False: everybody had it before that was known. */
  placed(seq: number, place: Place): boolean {
    const entry = this.entries.get(seq)
    if (entry === undefined) return false
    entry.place = place
    const { logs, committed } = entry.before
    // A group that is past its place already has not come to it: it was there in another log.
    const ahead = [...entry.missing].some(
      consumer => (committed.get(consumer)?.get(place.partition) ?? 0) > place.offset,
    )
    entry.log = ahead ? null : (logs.get(place.partition) ?? null)
    return true
  }

  /** Kafka did not confirm it. False: everybody had it all the same. */
  failed(seq: number, now: number): boolean {
    this.trouble = now
    const waited = this.entries.has(seq)
    this.forget(seq)
    return waited
  }

  /** A group in this process has handled these. */
  took(consumer: string, events: Iterable<EventId>, now: number): void {
    for (const { seq, key, version } of events) {
      const entry = this.entries.get(seq)
      // Of a ledger that was begun anew, or restored, the topic may hold other events with the same numbers.
      if (entry?.event.key === key && entry.event.version === version) this.confirm(entry, consumer, now)
    }
  }

  /** How far a consumer's group has come, as of a look that began after the last one ended. */
  reached(consumer: string, positions: readonly Position[], now: number): void {
    const at = new Map(positions.map(position => [position.partition, position]))
    this.snapshot = {
      logs: new Map([
        ...this.snapshot.logs,
        ...positions.map(({ partition, log }) => [partition, log] as const),
      ]),
      committed: new Map([
        ...this.snapshot.committed,
        [consumer, new Map(positions.map(({ partition, committed }) => [partition, committed]))],
      ]),
    }
    for (const entry of this.entries.values()) {
      const { place, log, missing } = entry
      if (place === null || log === null || !missing.has(consumer)) continue
      const position = at.get(place.partition)
      if (position?.log === log && position.committed > place.offset) this.confirm(entry, consumer, now)
    }
  }

  /** All that are not confirmed, which are forgotten: they go another way. */
  recall(): readonly number[] {
    const seqs = [...this.entries.keys()]
    for (const seq of seqs) this.forget(seq)
    return seqs
  }

  /** Consumers that have not handled events sent before `before`, epoch ms. */
  owing(before: number): readonly string[] {
    const owing = new Set<string>()
    for (const { sentAt, missing } of this.entries.values())
      if (sentAt <= before) for (const consumer of missing) owing.add(consumer)
    return [...owing]
  }

  /** Events that everybody has, since it was last asked. */
  takeArrived(): readonly number[] {
    const { arrived } = this
    this.arrived = []
    return arrived
  }

  get someArrived(): boolean {
    return this.arrived.length > 0
  }

  keepOnly(holds: (shard: number) => boolean): void {
    for (const { event } of this.entries.values()) if (!holds(event.shard)) this.forget(event.seq)
  }

  /** What has waited too long. The caller gives up, or forgets. */
  verdicts(now: number): Verdicts {
    this.noteDown(now)
    const probes = this.probes()
    const giveUp = new Map<string, OutboxEvent[]>()
    const lost: number[] = []
    let given = 0
    for (const { event, missing, sentAt, log, place } of this.entries.values()) {
      const waited = now - sentAt
      const gone = log === null || this.snapshot.logs.get(place!.partition) !== log
      const final = waited >= WAIT_MOST_MS || (gone && event.attempt >= SENDINGS_MOST)
      for (const consumer of missing) {
        const down = this.down.has(consumer) && probes.get(consumer) !== event.seq
        if (given >= GIVE_UP_MOST || !(down || (final && waited >= RESEND_MS))) continue
        given++
        const list = giveUp.get(consumer)
        if (list === undefined) giveUp.set(consumer, [event])
        else list.push(event)
      }
      if (gone && !final && waited >= RESEND_MS) lost.push(event.seq)
    }
    return { giveUp, lost }
  }

  /** This consumer has it as a dead letter. */
  gaveUp(consumer: string, seq: number): void {
    const entry = this.entries.get(seq)
    if (entry !== undefined) this.cross(entry, consumer)
  }

  forget(seq: number): void {
    const entry = this.entries.get(seq)
    if (entry === undefined) return
    for (const consumer of entry.missing) this.owed.set(consumer, this.owed.get(consumer)! - 1)
    this.entries.delete(seq)
  }

  private noteDown(now: number): void {
    for (const [consumer, owed] of this.owed) {
      // While Kafka takes nothing, nobody can have anything of it.
      const since = Math.max(this.heard.get(consumer) ?? now, this.trouble)
      if (owed > 0 && now - since >= DOWN_AFTER_MS) this.down.add(consumer)
    }
  }

  /** Of each consumer that is down the last event that it owes is left with it: that tells when it is up again. */
  private probes(): ReadonlyMap<string, number> {
    const probes = new Map<string, number>()
    if (this.down.size === 0) return probes
    for (const { event, missing } of this.entries.values())
      for (const consumer of missing) if (this.down.has(consumer)) probes.set(consumer, event.seq)
    return probes
  }

  private confirm(entry: Entry, consumer: string, now: number): void {
    if (!entry.missing.has(consumer)) return
    this.heard.set(consumer, now)
    this.down.delete(consumer)
    this.cross(entry, consumer)
  }

  private cross(entry: Entry, consumer: string): void {
    if (!entry.missing.delete(consumer)) return
    this.owed.set(consumer, this.owed.get(consumer)! - 1)
    if (entry.missing.size > 0) return
    this.entries.delete(entry.event.seq)
    this.arrived.push(entry.event.seq)
  }
}
