// What a run of seeds has met of all that it should meet.

import { ladderNames, ladders } from '../../resilience/ladders.ts'
import { crashPoints, rarePoints } from './crash-points.ts'

/** Seeds from which on a run has to have met everything: a point is tried some times in a hundred seeds. */
const COMPLETE_FROM = 500
/** And all that is rare. */
const RARE_FROM = 10_000

/** Every change of rung that there can be, as `coupon.claim kafka→redis`. */
export const rungChanges: readonly string[] = ladderNames.flatMap(ladder =>
  ladders[ladder].flatMap(from =>
    ladders[ladder].filter(to => to !== from).map(to => `${ladder} ${from}→${to}`),
  ),
)

export class Coverage {
  readonly seen = new Set<string>()
  readonly hit = new Set<string>()
  readonly moves = new Set<string>()

  add(ran: {
    readonly pointsSeen: readonly string[]
    readonly pointsHit: readonly string[]
    readonly moves: readonly string[]
  }): void {
    for (const point of ran.pointsSeen) this.seen.add(point)
    for (const point of ran.pointsHit) this.hit.add(point)
    for (const move of ran.moves) this.moves.add(move)
  }

  /** By name, after so many seeds. */
  missing(seeds: number): string[] {
    if (seeds < COMPLETE_FROM) return []
    const pardoned: readonly string[] = seeds < RARE_FROM ? rarePoints : []
    return [
      ...crashPoints
        .filter(point => !this.hit.has(point) && !pardoned.includes(point))
        .map(point => `nobody died at ${point}`),
      ...[...this.seen]
        .filter(point => !crashPoints.includes(point))
        .map(point => `${point} is not among the crash points`),
      ...rungChanges.filter(move => !this.moves.has(move)).map(move => `no process moved ${move}`),
    ]
  }

  get summary(): string {
    return `crash points ${this.hit.size} of ${crashPoints.length}, changes of rung ${this.moves.size} of ${rungChanges.length}`
  }
}
