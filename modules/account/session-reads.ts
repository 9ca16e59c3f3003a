// Sessions by their tokens. Who comes while reads are under way shares the next one: a rush of members is few queries.

import type { CacheCounts } from '../../platform/cache/cache-counts.ts'
import type { FoundSession } from './session-store.ts'

export interface ReadSession extends FoundSession {
  /** Epoch ms from before it was read from the table: what is remembered of it counts from then. */
  readonly asOf: number
}

/** Where sessions are read. */
export interface SessionRung {
  /** By hash of the token; those that there are not are missing. */
  load(tokenHashes: readonly string[]): Promise<ReadonlyMap<string, ReadSession>>
  readonly counts: readonly CacheCounts[]
}

interface Waiting {
  resolve(session: ReadSession | null): void
  reject(error: unknown): void
}

/** Sessions in one query: more would make a long list for the planner and hold up the first of them. */
const BATCH = 200
/** Reads under way at once: one that is slow does not hold up everybody, and the more wait, the bigger is the next. */
const READS_MOST = 2

export class SessionReads {
  private readonly rung: Pick<SessionRung, 'load'>
  private waiting = new Map<string, Waiting[]>()
  private reading = 0
  private scheduled = false

  constructor(rung: Pick<SessionRung, 'load'>) {
    this.rung = rung
  }

  /** Null: there is no such session. Whether it has ended is the caller's to judge. */
  find(tokenHash: string): Promise<ReadSession | null> {
    return new Promise((resolve, reject) => {
      const others = this.waiting.get(tokenHash)
      if (others === undefined) this.waiting.set(tokenHash, [{ resolve, reject }])
      else others.push({ resolve, reject })
      this.schedule()
    })
  }

  /** After this turn of the loop: all that arrived together are one read. */
  private schedule(): void {
    if (this.scheduled || this.reading >= READS_MOST) return
    this.scheduled = true
    setImmediate(() => {
      this.scheduled = false
      while (this.waiting.size > 0 && this.reading < READS_MOST) void this.load(this.take())
    })
  }

  private take(): [string, Waiting[]][] {
    const batch = [...this.waiting.entries().take(BATCH)]
    for (const [hash] of batch) this.waiting.delete(hash)
    return batch
  }

  private async load(batch: readonly (readonly [string, readonly Waiting[]])[]): Promise<void> {
    this.reading++
    try {
      const hashes = batch.map(([hash]) => hash)
      const found = await this.rung.load(hashes)
      for (const [hash, callers] of batch) for (const { resolve } of callers) resolve(found.get(hash) ?? null)
    } catch (error) {
      for (const [, callers] of batch) for (const { reject } of callers) reject(error)
    } finally {
      this.reading--
      if (this.waiting.size > 0) this.schedule()
    }
  }
}
