// Brings what was asked for, and was not there, from the ledger into Redis: once, however many ask.

import { newId } from '../../platform/ids.ts'
import type { Log } from '../../platform/log/log.ts'
import type { Clock } from '../../platform/module.ts'
import { RedisAway } from '../../platform/redis/redis.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import { dayOf } from './days.ts'
import type { LiveCounts } from './live-counts.ts'
import type { LiveRanking } from './live-ranking.ts'
import { changesSince, wholeScope } from './live-store.ts'
import type { RankingPublisher } from './publish-ranking.ts'
import { type Scope, scopeName } from './scopes.ts'

export interface FillerDeps {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly log: Log
  readonly live: LiveRanking
  readonly counts: LiveCounts
  readonly publisher: RankingPublisher
  readonly timeZone: string
}

/** At once in one process; whoever asks meanwhile was answered by the ledger, and asks again. */
const FILLS_AT_ONCE = 2
/** Redis moved on while it was read: what changed is read again, so often. */
const CATCH_UPS = 5

export class RankingFiller {
  private readonly deps: FillerDeps
  private readonly running = new Map<string, Promise<void>>()

  constructor(deps: FillerDeps) {
    this.deps = deps
  }

  /** Fills this scope some time, if it can. */
  ask(scope: Scope): void {
    const name = scopeName(scope)
    if (this.running.has(name) || this.running.size >= FILLS_AT_ONCE) return
    const { counts, log } = this.deps
    const filling = this.fill(scope)
      .then(filled => {
        if (filled) counts.fills++
        else counts.fillsLost++
      })
      .catch(error => {
        counts.fillsLost++
        if (!(error instanceof RedisAway)) log.warn({ err: error, scope: name }, 'a ranking was not filled')
      })
      .finally(() => this.running.delete(name))
    this.running.set(name, filling)
  }

  /** Resolves when nothing is under way. */
  async rest(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running.values())
  }

  private async fill(scope: Scope): Promise<boolean> {
    const { ledger, clock, live, publisher } = this.deps
    let head = await live.head()
    if (head === null) {
      await publisher.publish()
      head = await live.head()
    }
    const whole = await wholeScope(ledger, scope)
    if (head === null || whole === null || whole.rows.length === 0) return false
    if (whole.generation !== head.generation) {
      publisher.nudge()
      return false
    }
    const token = newId()
    await live.stage(token, whole.rows)
    const now = clock()
    const filled = { scope, token, endsAt: live.endOf(now) }
    const shown = scope.country === null && scope.to === dayOf(now, this.deps.timeZone)
    let { version } = whole
    for (let attempt = 1; attempt <= CATCH_UPS; attempt++) {
      const outcome = await live.settle(head.era, version, filled, { now, shown })
      if (outcome === 'settled') return true
      const later = outcome === 'behind' ? await changesSince(ledger, { ...whole, version }, [scope]) : null
      if (later === null) break
      await live.stage(token, later.figures.get(scopeName(scope)) ?? [])
      version = later.version
    }
    await live.unstage(token)
    return false
  }
}
