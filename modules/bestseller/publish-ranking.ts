// Tells Redis what the projection counts: absolute figures, by version, as often as anybody likes and by as many
// processes. A publication read what had changed since the state that Redis is in, and is taken only if it still is
// in that state. Where that cannot be told (empty, a rebuild, too far behind) a new era begins with nothing in it,
// and what is asked for is filled again.

import { newId } from '../../platform/ids.ts'
import type { Log } from '../../platform/log/log.ts'
import type { Clock } from '../../platform/module.ts'
import { RedisAway } from '../../platform/redis/redis.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import { countedUpTo } from './counted-store.ts'
import type { LiveCounts } from './live-counts.ts'
import type { Found, Head, LiveRanking } from './live-ranking.ts'
import { type Changes, changesSince, editionNow } from './live-store.ts'

export interface PublisherDeps {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly log: Log
  readonly live: LiveRanking
  readonly counts: LiveCounts
  /** The oldest that a ranking may be shown, ms. */
  readonly staleness: number
  /** Told when it has changed what is in Redis. */
  changed(): void
}

/** Pause after a publication, ms: what changes meanwhile goes together; a buyer waits for no less elsewhere. */
const PAUSE_MS = 20
/** And at least so many times as long as it took: the ledger has others to serve, and in a rush most of all. */
const PAUSE_PART = 1
/** Longest such pause, ms: a twentieth of the staleness by default, or a slow moment of the ledger would last. */
const PAUSE_MOST_MS = 100
/** Losing so often in a row means that others publish all the time. */
const RACES_MOST = 3
/** Before it rests; whatever is left then, another process tells. */
const LAST_PASSES = 5
/** While somebody reads, `checked` is no older than this part of the staleness, */
const BEAT_PART = 0.2
/** ms: nor than this. */
const BEAT_MS = 200
/** Somebody reads, as long as the last read is no older, ms. */
const INTEREST_MS = 5_000
/** While nobody reads, ms: for what a nudge missed. */
const IDLE_MS = 2_000

export class RankingPublisher {
  /** Pause between beats, ms. */
  readonly every: number
  private readonly deps: PublisherDeps
  private running: Promise<unknown> = Promise.resolve()
  private next: Promise<void> | null = null
  /** By `performance.now()`. */
  private notBefore = 0
  private lastRead = Number.NEGATIVE_INFINITY
  private lastBeat = Number.NEGATIVE_INFINITY

  constructor(deps: PublisherDeps) {
    this.deps = deps
    this.every = Math.min(BEAT_MS, deps.staleness * BEAT_PART)
  }

  /** Publishes soon, together with what else changes until then. */
  nudge(): void {
    if (this.deps.live.up) this.publish().catch(error => this.note(error))
  }

  /** Resolves when a publication that began after this call has ended. */
  publish(): Promise<void> {
    this.next ??= this.afterThis()
    return this.next
  }

  /** Somebody reads from Redis at `now`, epoch ms. */
  isRead(now: number): void {
    this.lastRead = now
  }

  /** One beat of the sweep: how fresh Redis is stays known while somebody reads. */
  async beat(now: number): Promise<number> {
    const { live } = this.deps
    const due = now - this.lastRead <= INTEREST_MS || now - this.lastBeat >= IDLE_MS || now < this.lastBeat
    if (!due || !live.up) return 0
    this.lastBeat = now
    try {
      const head = await live.head()
      const age = head === null ? Number.POSITIVE_INFINITY : now - head.checked
      // Another process does it.
      if (age >= 0 && age < this.every) return 0
      await this.publish()
      return 1
    } catch (error) {
      if (error instanceof RedisAway) return 0
      throw error
    }
  }

  /** Resolves when nothing is under way, or others have been quicker for too long. */
  async rest(): Promise<void> {
    for (let passes = 0; this.next !== null && passes < LAST_PASSES; passes++)
      await this.next.catch(() => undefined)
    await this.running
  }

  private async afterThis(): Promise<void> {
    await this.running
    const pause = this.notBefore - performance.now()
    if (pause > 0) await new Promise(resolve => setTimeout(resolve, pause))
    this.next = null
    const began = performance.now()
    const pass = this.pass().finally(() => {
      const ended = performance.now()
      const long = Math.min((ended - began) * PAUSE_PART, PAUSE_MOST_MS)
      this.notBefore = ended + Math.max(PAUSE_MS, long)
    })
    this.running = pass.catch(() => undefined)
    return pass
  }

  private async pass(): Promise<void> {
    for (let attempt = 1; attempt <= RACES_MOST; attempt++) {
      const { ledger, clock, live } = this.deps
      const checked = clock()
      // Before the snapshot that `bring` takes: what had arrived by then is in it.
      const [head, asOf] = await Promise.all([live.head(), countedUpTo(ledger, checked)])
      if (await this.bring(head, { asOf, checked })) return
      this.deps.counts.raced++
    }
    // What the others told may be less than is known here: again after a pause.
    this.nudge()
  }

  /** Brings Redis from `head` to what the ledger says now. False: somebody else was quicker. */
  private async bring(head: Head | null, found: Found): Promise<boolean> {
    const { ledger, live, counts } = this.deps
    const { checked } = found
    const ended = head?.scopes.filter(scope => scope.endsAt <= checked) ?? []
    await live.drop(ended)
    const scopes = head?.scopes.filter(scope => scope.endsAt > checked).map(({ scope }) => scope) ?? []
    const changes = head === null ? null : await changesSince(ledger, head, scopes)
    if (head === null || changes === null) {
      const begun = await live.begin(head, newId(), await editionNow(ledger), found)
      if (begun) counts.eras++
      return begun
    }
    if (changes.version === head.version) return live.confirm(head.era, head.version, found)
    return this.tell(head, changes, found)
  }

  private async tell(head: Head, changes: Changes, found: Found): Promise<boolean> {
    const { live, counts, changed } = this.deps
    if (!(await live.apply(head, changes, found))) return false
    counts.published++
    changed()
    return true
  }

  private note(error: unknown): void {
    // That Redis is away is told where it is noticed, once.
    if (!(error instanceof RedisAway)) this.deps.log.warn({ err: error }, 'the ranking was not published')
  }
}
