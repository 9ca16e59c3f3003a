// About one live read in a hundred is also asked of the ledger, and compared: so the lower rung is always in use, and a
// rung that tells something else is noticed by us and not by a customer. Nobody waits for it.

import type { Ladder, Rung } from '../../resilience/ladders.ts'
import { Differences, judgeDifference } from '../../resilience/shadow.ts'
import type { Log } from '../log/log.ts'
import type { Clock } from '../module.ts'
import type { Standing } from './standing.ts'

/** Comparisons under way at once; each may wait for the declared staleness. */
const UNDER_WAY_MOST = 10
/** Characters of an answer in the log. */
const SHOWN_MOST = 500

export interface ShadowCounts {
  compared: number
  /** The ledger itself said two things meanwhile: nothing follows from it. */
  moving: number
  differences: number
}

export interface ShadowOptions<L extends Ladder, K> {
  readonly standing: Standing<L>
  readonly ladder: L
  /** The rung that is compared with the ledger. */
  readonly rung: Rung<L>
  /** By how much its answers may be older, ms. */
  readonly staleness: number
  readonly clock: Clock
  readonly log: Log
  /** What each says of it, as a text in which equal answers are equal. */
  askRung(key: K): Promise<string>
  askLedger(key: K): Promise<string>
}

export class ShadowReads<L extends Ladder, K> {
  readonly counts: ShadowCounts = { compared: 0, moving: 0, differences: 0 }
  private readonly options: ShadowOptions<L, K>
  private readonly differences = new Differences()
  private readonly timers = new Set<NodeJS.Timeout>()
  private underWay = 0

  constructor(options: ShadowOptions<L, K>) {
    this.options = options
  }

  /** This was read just now: perhaps it is compared. */
  look(key: K): void {
    const { standing, rung, log, ladder } = this.options
    if (this.underWay >= UNDER_WAY_MOST || !standing.compares(rung)) return
    this.underWay++
    this.compare(key)
      .catch(error => log.debug({ err: error, ladder }, 'a comparison could not be made'))
      .finally(() => this.underWay--)
  }

  /** Comparisons that wait are given up. */
  close(): void {
    for (const timer of this.timers) clearTimeout(timer)
    this.timers.clear()
  }

  private async compare(key: K): Promise<void> {
    const { askRung, askLedger, staleness, standing, ladder, rung, clock, log } = this.options
    const [said, first] = await Promise.all([askRung(key), askLedger(key)])
    this.counts.compared++
    if (said === first) return
    await this.pause(staleness)
    const [again, ledger] = await Promise.all([askRung(key), askLedger(key)])
    const verdict = judgeDifference({ ledger: first }, { ledger, rung: again })
    if (verdict === 'moving') this.counts.moving++
    if (verdict !== 'differs') return
    this.counts.differences++
    const shown = { said: again.slice(0, SHOWN_MOST), ledger: ledger.slice(0, SHOWN_MOST) }
    log.error({ ladder, rung, ...shown }, 'a rung tells something else than the ledger')
    if (this.differences.note(clock())) standing.differs(rung, 'it told something else than the ledger')
  }

  private pause(ms: number): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(() => {
        this.timers.delete(timer)
        resolve()
      }, ms)
      timer.unref()
      this.timers.add(timer)
    })
  }
}
