// Compares what Redis holds with the ledger, a scope a run. What differs is said, dropped and filled again.
//
// Redis is read first, and says from which version on it knows all. A product whose figures have not changed in the
// ledger since then must be there as it is in the ledger; one that has is left to the next run. So nothing need
// stand still for it.

import type { Log } from '../../platform/log/log.ts'
import { RedisAway } from '../../platform/redis/redis.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import type { RankingFiller } from './fill-ranking.ts'
import type { LiveCounts } from './live-counts.ts'
import type { LiveEntry, LiveRanking, LiveScope, Piece } from './live-ranking.ts'
import { type ScopeRow, wholeScope } from './live-store.ts'
import { packFigures, scopeName, scoreOf } from './scopes.ts'

export interface ComparerDeps {
  readonly ledger: Ledger
  readonly log: Log
  readonly live: LiveRanking
  readonly counts: LiveCounts
  readonly filler: RankingFiller
}

/** Pieces of one scope: far more than the largest has. */
const PIECES_MOST = 1_000
/** Products named in the log. */
const EXAMPLES = 10

export class LiveComparer {
  private readonly deps: ComparerDeps
  private turn = 0

  constructor(deps: ComparerDeps) {
    this.deps = deps
  }

  /** Compares the next scope; returns how many entries. */
  async run(): Promise<number> {
    const { live } = this.deps
    if (!live.up) return 0
    try {
      const head = await live.head()
      if (head === null || head.scopes.length === 0) return 0
      const scope = head.scopes[this.turn++ % head.scopes.length]!
      return await this.compare(scope, head.generation)
    } catch (error) {
      if (error instanceof RedisAway) return 0
      throw error
    }
  }

  private async compare(one: LiveScope, generation: number): Promise<number> {
    const { ledger, live, counts, filler, log } = this.deps
    const here = await readAll(live, one)
    if (here === null) return 0
    const whole = await wholeScope(ledger, one.scope)
    if (whole === null || whole.generation !== generation || whole.version < here.version) return 0
    const differing = here.even
      ? whole.rows.filter(
          row => row.version <= here.version && differs(row, here.entries.get(row.product_id)),
        )
      : []
    const known = new Set(whole.rows.map(row => row.product_id))
    const strange = [...here.entries.keys()].filter(productId => !known.has(productId))
    const wrong = [...differing.map(row => row.product_id), ...strange]
    counts.compared += whole.rows.length
    if (wrong.length > 0 || !here.even) {
      counts.differences += Math.max(wrong.length, 1)
      const scope = scopeName(one.scope)
      log.error(
        { scope, wrong: wrong.length, products: wrong.slice(0, EXAMPLES) },
        'the ranking in Redis differs',
      )
      if ((await live.drop([one])) > 0) filler.ask(one.scope)
    }
    return whole.rows.length
  }
}

interface Here {
  readonly version: number
  readonly entries: ReadonlyMap<string, LiveEntry>
  readonly even: boolean
}

/** All of a scope, true from the version of its first piece on; null: it went, or was filled anew meanwhile. */
async function readAll(live: LiveRanking, { scope, token }: LiveScope): Promise<Here | null> {
  const entries = new Map<string, LiveEntry>()
  let version: number | null = null
  let even = true
  let cursor = '0'
  for (let pieces = 0; pieces < PIECES_MOST; pieces++) {
    const piece: Piece | null = await live.piece(scope, cursor)
    if (piece === null || piece.token !== token) return null
    version ??= piece.version
    even &&= piece.even
    // A later piece may show an entry again, and newer.
    for (const [productId, entry] of piece.entries) entries.set(productId, entry)
    cursor = piece.next
    if (cursor === '0') return { version, entries, even }
  }
  return null
}

function differs(row: ScopeRow, entry: LiveEntry | undefined): boolean {
  return (
    entry === undefined ||
    entry.figures !== packFigures(row) ||
    Number(entry.revenue) !== scoreOf(row, 'revenue') ||
    Number(entry.units) !== scoreOf(row, 'units')
  )
}
