// Where the ladders of a shop's process stand, as its log tells.

import { setTimeout as pause } from 'node:timers/promises'
import { type Ladder, ladderNames, ladders } from '../../resilience/ladders.ts'
import type { RunningShop } from '../../tests/support/shop.ts'

/** Longest wait for ladders, ms: beyond that the figure is none. */
export const LADDER_PATIENCE_MS = 60_000
const LOOK_MS = 5

export interface Move {
  readonly ladder: Ladder
  readonly from: string
  readonly to: string
  /** The finding that made it leave; null: it went up, or nobody knows. */
  readonly cause: string | null
  /** Epoch ms. */
  readonly at: number
}

type Logged = Omit<Move, 'at'> & { readonly time: string }

/** From `since` (epoch ms) on, in the order they were made. */
export function movesOf({ log }: Pick<RunningShop, 'log'>, since = 0): readonly Move[] {
  return log.flatMap(line => {
    if (!line.includes('a ladder moved')) return []
    const { ladder, from, to, cause, time } = JSON.parse(line) as Logged
    const at = Date.parse(time)
    return at >= since ? [{ ladder, from, to, cause, at }] : []
  })
}

/** To a rung that is worse than the one it left. */
export function isDown({ ladder, from, to }: Move): boolean {
  const rungs: readonly string[] = ladders[ladder]
  return rungs.indexOf(to) > rungs.indexOf(from)
}

/** Of a shop all of whose engines are configured: it begins on the top of each ladder. */
export function standingOf(shop: Pick<RunningShop, 'log'>): ReadonlyMap<Ladder, string> {
  const standing = new Map<Ladder, string>(ladderNames.map(ladder => [ladder, ladders[ladder][0]]))
  for (const { ladder, to } of movesOf(shop)) standing.set(ladder, to)
  return standing
}

/** Resolves when every ladder of every process stands where it is wanted. @throws Error where that takes too long */
export async function untilStanding(
  shops: readonly RunningShop[],
  wanted: (ladder: Ladder, rung: string) => boolean,
): Promise<void> {
  const end = Date.now() + LADDER_PATIENCE_MS
  for (;;) {
    const astray = shops.flatMap(shop =>
      [...standingOf(shop)].filter(([ladder, rung]) => !wanted(ladder, rung)),
    )
    if (astray.length === 0) return
    if (Date.now() > end)
      throw new Error(
        `ladders that did not move: ${astray.map(([ladder, rung]) => `${ladder} on ${rung}`).join(', ')}`,
      )
    await pause(LOOK_MS)
  }
}
