// How far the line is decided, and how long whoever stands in it has to wait.

import { ReadCache } from '../../platform/cache/read-cache.ts'
import type { Clock } from '../../platform/module.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import { positionRows } from './block-store.ts'
import type { Place } from './contract.ts'
import { POSITIONS, type PositionRow } from './tables.ts'

/** The oldest position that is told, ms: at the front of the line a place is worth less. */
const STALENESS_MS = 100
/** A line in which nothing was decided for so long, ms, has no pace. */
const STANDS_STILL_MS = 5_000
/** What one record takes from the log into the ledger, ms, with nobody before it: a fetch and a commit. */
const PASSAGE_MS = 20

/** What is told of a place while nobody can say where it is. */
const NOWHERE: Place = { ahead: 0, estimatedMs: null }

export class LinePositions {
  private readonly cache: ReadCache<PositionRow>
  private readonly clock: Clock

  constructor(ledger: Ledger, clock: Clock) {
    this.clock = clock
    this.cache = new ReadCache({
      async load(partitions) {
        const rows = await positionRows(ledger, partitions.map(Number))
        return new Map(rows.map(row => [String(row.partition_no), row]))
      },
      freshFor: STALENESS_MS / 2,
      staleness: STALENESS_MS,
      negativeFor: STALENESS_MS,
      most: POSITIONS,
    })
  }

  /** Of a record that is not decided yet. Never rejects: a place is told where it is known. */
  async placeOf(partition: number, offset: number): Promise<Place> {
    const now = this.clock()
    const key = String(partition)
    try {
      const position = this.cache.peek(key, now)?.value ?? (await this.cache.get(key, now))
      return position === undefined ? NOWHERE : placeAt(position, offset, now)
    } catch {
      return NOWHERE
    }
  }
}

/** Pure. `now`: epoch ms. */
export function placeAt({ next_offset, pace, decided_at }: PositionRow, offset: number, now: number): Place {
  const ahead = Math.max(0, offset - next_offset)
  if (ahead > 0 && (pace <= 0 || now - decided_at > STANDS_STILL_MS)) return { ahead, estimatedMs: null }
  return { ahead, estimatedMs: PASSAGE_MS + (ahead === 0 ? 0 : Math.ceil((ahead * 1_000) / pace)) }
}
