// A module's side of a ladder: which rung the next call takes, and what it has to tell about it.

import type { Ladder, Rung, Rungs } from '../../resilience/ladders.ts'
import { invariant } from '../contract/result.ts'

export interface Standing<L extends Ladder> {
  /** The rung that this call takes. */
  choose(): Rung<L>
  /** Tells the ladder how a call ended that took `rung`; looked at only while that is on trial. Returns `answer`. */
  watch<T>(rung: Rung<L>, answer: Promise<T>): Promise<T>
  /** What has to be done, and found right (true), before calls go to a rung that was out. */
  whenBack(rung: Rung<L>, ready: () => Promise<boolean>): void
  /** Called when calls take another rung from now on. */
  onMove(moved: () => void): void
  /** A rung told something else than the ledger, beyond what is declared: out until it is ready again. */
  differs(rung: Rung<L>, what: string): void
  /** Whether the read that was just made on this rung is to be compared with the ledger. */
  compares(rung: Rung<L>): boolean
  /** Whether this process may ever stand there. */
  has(rung: Rung<L>): boolean
  /** Where calls go, but for those on trial or for practice. */
  readonly standing: Rung<L>
}

/** What a module does on the rung. */
export function onRung<L extends Ladder, T>(rungs: Rungs<L, T>, rung: Rung<L>): T {
  const there = rungs[rung]
  invariant(there !== null, `nothing can stand on the ${rung} rung: it is not configured`)
  return there
}

/** Asks on the rung that this call takes. */
export function askBy<L extends Ladder, T, R>(
  standing: Standing<L>,
  rungs: Rungs<L, T>,
  ask: (by: T) => Promise<R>,
): Promise<R> {
  const rung = standing.choose()
  return standing.watch(rung, ask(onRung(rungs, rung)))
}
