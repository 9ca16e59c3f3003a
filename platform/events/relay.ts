// The relay: takes committed events out of the outbox, hands them to a transport in order per key, and deletes
// what has arrived: at once, or, where the transport only sends, when it tells so. It may die at any moment: what it had not deleted is sent again, and consumers notice.
//
// One turn: rows are read unless enough are there, then a batch is sent, and meanwhile what was sent before is
// deleted and the next rows are read. Only one batch is under way, so there is never more than one sending of a key.

import { randomUUID } from 'node:crypto'
import type { Log } from '../log/log.ts'
import type { Clock } from '../module.ts'
import { isAway } from '../sql/errors.ts'
import type { Lane, Ledger } from '../sql/ledger.ts'
import { OutboxReader } from './outbox-reader.ts'
import { deletePublished } from './outbox-store.ts'
import { OutboxWindow } from './outbox-window.ts'
import { Pacer } from './pacer.ts'
import { ShardLeases } from './shard-leases.ts'
import type { Fence, OutboxEvent, Sending, Transport } from './transport.ts'

/** Events sent at once. On SQLite consumers work on the main thread, at 10–30 µs an event. */
const BATCH = { sqlite: 512, mysql: 1_000 } as const
/** Rows deleted in one transaction, and about what the next relay sends again if this one dies. */
const DELETE = 1_000
/** What has arrived leaves the outbox after this long at the latest, ms: what is still in it counts as under way. */
const DELETE_AFTER_MS = 150
/** Events in memory; with more of them waiting for a retry, reading waits too. */
const WINDOW = 10_000
const WINDOW_BYTES = 32 * 1024 * 1024
/** Polling: at 20 ms a busy shop's events come in hundreds; an idle one asks the ledger five times a second. */
const PAUSES = { busy: 20, idle: 200 } as const
/** After copies could not be written, all events go through the consumers' hands for so long, ms. */
const BY_HAND_MS = 5_000
/** Pause after an error, ms: the ledger is away, and a lease outlives it. */
const ERROR_PAUSE_MS = 500
/** Longest wait for events under way when it stops, ms. What has not arrived by then is sent again by the next. */
const STOP_MOST_MS = 1_000
/** Pause between looks whether the leases want renewing, ms. */
const HEARTBEAT_MS = 500

export interface RelayDeps {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly log: Log
  readonly transport: Transport
  /** Unique among all relays that ever were; made up if absent. */
  readonly owner?: string
}

export interface RelayStatus {
  /** Shards whose lease is held now. */
  readonly shards: number
  /** Events in memory: to be sent, being sent, waiting for a retry. */
  readonly waiting: number
  /** Events sent, or wanted by nobody, since the start. */
  readonly relayed: number
}

interface Published {
  readonly seq: number
  readonly shard: number
  /** Its copies are written when it is deleted. */
  readonly copied: boolean
}

export class Relay {
  private readonly deps: RelayDeps
  private readonly leases: ShardLeases
  private readonly fence: Fence
  private readonly reader: OutboxReader
  private readonly lane: Lane
  private readonly window = new OutboxWindow()
  private readonly pacer = new Pacer(PAUSES)
  /** Sent, or wanted by nobody, and still in the outbox. */
  private readonly published = new Map<number, Published>()
  /** Epoch ms. */
  private flushedAt: number
  private byHandUntil = 0
  private taken = 0
  private relayed = 0
  private stopping = false
  private loop: Promise<void> | null = null
  private heartbeat: NodeJS.Timeout | null = null

  constructor(deps: RelayDeps) {
    this.deps = deps
    this.leases = new ShardLeases(deps.ledger, deps.clock, deps.owner ?? randomUUID())
    this.fence = tx => this.leases.fence(tx)
    this.reader = new OutboxReader(deps.ledger, deps.clock)
    this.flushedAt = deps.clock()
    this.lane = deps.ledger.lane('relay')
  }

  get status(): RelayStatus {
    return { shards: this.leases.shards.length, waiting: this.window.size, relayed: this.relayed }
  }

  start(): void {
    this.deps.transport.arrivals?.listen(() => this.nudge())
    this.loop ??= this.run()
    // Beside the turns: a slow consumer must not cost the leases. A failure shows in the turn.
    this.heartbeat ??= setInterval(() => void this.leases.renew().catch(() => this.nudge()), HEARTBEAT_MS)
  }

  /** Something was committed: look soon. */
  nudge(): void {
    this.pacer.nudge()
  }

  /** Ends the turn under way, deletes what was sent, gives the shards back. */
  async stop(): Promise<void> {
    this.stopping = true
    if (this.heartbeat !== null) clearInterval(this.heartbeat)
    this.nudge()
    await this.loop
    try {
      const until = performance.now() + STOP_MOST_MS
      while (this.window.underWay > 0 && performance.now() < until) {
        await this.collect()
        await new Promise<void>(resolve => setTimeout(resolve, PAUSES.busy))
      }
      while (this.published.size > 0) await this.flush()
      await this.leases.release()
    } catch (error) {
      // The ledger is away: the leases end by themselves, and what was sent is sent again and noticed.
      this.deps.log.warn({ err: error }, 'relay stopped without giving its shards back')
    }
    this.deps.transport.arrivals?.stop()
  }

  /** One turn. True where the next has something to do at once. `start` does nothing but take turns. */
  async turn(): Promise<boolean> {
    await this.leases.renew()
    this.noticeShards()
    const { shards } = this.leases
    await this.collect()
    if (shards.length === 0) return false
    const most = BATCH[this.deps.ledger.dialect]
    const enough = this.window.ready(this.deps.clock(), most) >= most
    const page = enough ? null : await this.readPage(shards)
    let more = page?.full ?? false
    const batch = this.window.take(this.deps.clock(), most)
    let sending = true
    const sent = this.send(batch).finally(() => {
      sending = false
    })
    const beside = (async () => {
      // Requests first: on SQLite nothing of a turn lets the loop go.
      if (batch.length > 0) await new Promise<void>(resolve => setImmediate(resolve))
      const idle = batch.length === 0 && !page?.found
      if (idle || this.published.size >= DELETE || this.flushIsDue()) await this.flush()
      // A slow consumer does not hold up the rows that it does not want.
      while (sending && more) {
        if (this.published.size >= DELETE) await this.flush()
        more = (await this.readPage(shards)).full
      }
    })()
    for (const part of await Promise.allSettled([sent, beside]))
      if (part.status === 'rejected') throw part.reason
    return more || this.window.ready(this.deps.clock(), 1) > 0
  }

  private async run(): Promise<void> {
    while (!this.stopping) {
      const before = this.relayed
      try {
        if (await this.turn()) {
          await new Promise<void>(resolve => setImmediate(resolve))
          continue
        }
      } catch (error) {
        this.deps.log.warn({ err: error }, 'relay turn failed')
        await new Promise<void>(resolve => setTimeout(resolve, ERROR_PAUSE_MS))
      }
      if (!this.stopping) await this.pacer.rest(this.relayed > before || this.published.size > 0)
    }
  }

  private noticeShards(): void {
    const holds = (shard: number): boolean => this.leases.holds(shard)
    this.window.keepOnly(holds)
    for (const { seq, shard } of this.published.values()) if (!holds(shard)) this.published.delete(seq)
    if (this.leases.taken === this.taken) return
    this.taken = this.leases.taken
    this.deps.transport.shardsTaken()
  }

  private async send(batch: readonly OutboxEvent[]): Promise<void> {
    if (batch.length === 0) return
    let outcomes: readonly Sending[] | null = null
    try {
      outcomes = await this.deps.transport.publish(batch, this.fence)
    } finally {
      for (const event of this.window.settle(outcomes, this.deps.clock(), Math.random)) this.done(event)
    }
  }

  /** What became of events that were sent before. */
  private async collect(): Promise<void> {
    const { arrivals } = this.deps.transport
    if (arrivals === undefined) return
    const arrived = await arrivals.take(this.fence, shard => this.leases.holds(shard))
    for (const event of this.window.arrived(arrived, this.deps.clock(), Math.random)) this.done(event)
  }

  private done({ seq, shard, copied }: Published): void {
    this.published.set(seq, { seq, shard, copied })
    this.relayed++
  }

  /** `found`: it brought something. `full`: there may be more. */
  private async readPage(shards: readonly number[]): Promise<{ found: boolean; full: boolean }> {
    if (this.window.size >= WINDOW || this.window.bytes >= WINDOW_BYTES) return { found: false, full: false }
    const { types, copies } = this.deps.transport
    const copied = copies !== null && this.deps.clock() >= this.byHandUntil && (await copies.possible())
    const known = [...this.window.numbers(), ...this.published.keys()]
    const { rows, full } = await this.reader.read(copied ? copies.otherTypes : types, shards, known)
    for (const { seq, shard, event_key, version, type, payload, created_at: madeAt } of rows) {
      if (payload === null) this.done({ seq, shard, copied })
      else this.window.add({ seq, shard, key: event_key, version, type, payload, madeAt, attempt: 0, copied })
    }
    return { found: rows.length > 0, full }
  }

  private flushIsDue(): boolean {
    return Math.abs(this.deps.clock() - this.flushedAt) >= DELETE_AFTER_MS
  }

  private async flush(): Promise<void> {
    this.flushedAt = this.deps.clock()
    if (this.published.size === 0) return
    const rows = [...this.published.values()].slice(0, DELETE)
    // Mostly all are: what was read by hand follows by itself.
    await this.remove(rows.filter(row => row.copied))
    await this.remove(rows.filter(row => !row.copied))
  }

  private async remove(rows: readonly Published[]): Promise<void> {
    if (rows.length === 0) return
    const { ledger, transport, log, clock } = this.deps
    const copies = rows[0]!.copied ? transport.copies : null
    try {
      await deletePublished(ledger, this.lane, this.leases, rows, seqs => copies?.writes(seqs) ?? [])
    } catch (error) {
      if (copies === null || isAway(error)) throw error
      // One that cannot be copied spoils all: they are read again, and the consumers tell it from the others.
      log.warn({ err: error }, 'copies of events could not be written: handing them over instead')
      this.byHandUntil = clock() + BY_HAND_MS
    }
    for (const { seq } of rows) this.published.delete(seq)
  }
}
