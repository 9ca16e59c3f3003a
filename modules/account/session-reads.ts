// Sessions by their tokens. Requests of one turn of the loop share one read: a rush of members is few queries.

import type { Ledger } from '../../platform/sql/ledger.ts'
import { rolesOf } from './member-store.ts'
import { loadSessions, type SessionFacts } from './session-store.ts'

export interface FoundSession extends SessionFacts {
  /** Granted roles of the member. */
  readonly roles: readonly string[]
}

interface Waiting {
  resolve(session: FoundSession | null): void
  reject(error: unknown): void
}

/** Sessions in one query: more would make a long list for the planner and hold up the first of them. */
const BATCH = 200

export class SessionReads {
  private readonly ledger: Ledger
  private waiting = new Map<string, Waiting[]>()

  constructor(ledger: Ledger) {
    this.ledger = ledger
  }

  /** Null: there is no such session. Whether it has ended is the caller's to judge. */
  find(tokenHash: string): Promise<FoundSession | null> {
    return new Promise((resolve, reject) => {
      if (this.waiting.size === 0) setImmediate(() => this.loadAll())
      const others = this.waiting.get(tokenHash)
      if (others === undefined) this.waiting.set(tokenHash, [{ resolve, reject }])
      else others.push({ resolve, reject })
    })
  }

  private loadAll(): void {
    const all = [...this.waiting]
    this.waiting = new Map()
    for (let at = 0; at < all.length; at += BATCH) void this.load(all.slice(at, at + BATCH))
  }

  private async load(batch: readonly (readonly [string, readonly Waiting[]])[]): Promise<void> {
    try {
      const sessions = await loadSessions(
        this.ledger,
        batch.map(([hash]) => hash),
      )
      const members = sessions.flatMap(session => session.member_id ?? [])
      const roles = await rolesOf(this.ledger, [...new Set(members)])
      const found = new Map(sessions.map(session => [session.token_hash, session]))
      for (const [hash, callers] of batch) {
        const session = found.get(hash)
        const value = session && { ...session, roles: roles.get(session.member_id ?? '') ?? [] }
        for (const { resolve } of callers) resolve(value ?? null)
      }
    } catch (error) {
      for (const [, callers] of batch) for (const { reject } of callers) reject(error)
    }
  }
}
