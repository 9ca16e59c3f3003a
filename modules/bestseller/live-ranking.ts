// The ranking in Redis, as the rest of the module sees it. What is there is a copy: nothing here decides anything.
//
// Memory of one product in one scope, counted by hand for Redis 7 with jemalloc (sizes rounded up to 8, 16, 32, 48,
// 64, 80 …), ids of 6 characters and figures of 13: a text is its length and 2, an entry of a hash table 24, its
// place in the table 8 for each of up to two slots an entry, a node of a skip list 24 and 16 a level.
//   figures   id 8, figures 16, entry 32, slot 10.5                  66.5 bytes
//   an order  id 8, node 53.3 (1, 2, 3 … levels: 48, 64, 80 …),
//             entry 32, slot 10.5                                   103.8 bytes, twice
// 274 bytes in all, 27.4 MB for 100,000 products; measured 276.6.

import { families, keyOf, withJitter } from '../../platform/redis/keys.ts'
import type { Redis } from '../../platform/redis/redis.ts'
import { APPLY, BEGIN, CONFIRM, DROP, PIECE, READ, SETTLE, STAGE } from './live-scripts.ts'
import type { Changes, Edition } from './live-store.ts'
import { packFigures, type Scope, scopeName, scopeOf, scoreOf, unpackFigures } from './scopes.ts'
import type { TopRow } from './store.ts'

/** A scope that is in Redis. */
export interface LiveScope {
  readonly scope: Scope
  /** Of the filling that brought it. */
  readonly token: string
  /** Epoch ms. */
  readonly endsAt: number
}

export interface Head extends Edition {
  readonly era: string
  readonly stamp: string
  /** Every sale before this moment is counted, epoch ms, as was found at `checked`. */
  readonly asOf: number
  readonly checked: number
  readonly scopes: readonly LiveScope[]
}

/** What a process found in the ledger: looked up before what goes with it was read. */
export interface Found {
  readonly asOf: number
  readonly checked: number
}

export interface LiveTop extends Found {
  readonly rows: readonly TopRow[]
}

/** Of one product, as it lies in Redis. */
export interface LiveEntry {
  readonly figures: string
  readonly revenue: string | null
  readonly units: string | null
}

export interface Piece {
  readonly token: string
  readonly version: number
  /** `0`: that was the last. */
  readonly next: string
  readonly entries: ReadonlyMap<string, LiveEntry>
  /** All three keys have as many products. */
  readonly even: boolean
}

/** Products written by one script: some 1 ms of Redis's one thread. */
const ROWS_A_CALL = 250
/** About so many products in one piece of a comparison. */
const PIECE_ROWS = 500
/** Life of what is made beside until it takes its place, ms: a filling takes less than one second. */
const STAGED_MS = 30_000
/**
 * Scopes kept at once: days and countries that people look at just now. 2,800 products each are 50 MB in all at the
 * most; whatever else is asked for, the ledger answers.
 */
const SCOPES_MOST = 64
/** Places beyond that, for what every page shows: today and the week, over all countries, on two sides of midnight. */
const SHOWN_SCOPES = 4

/** All keys lie together: scripts take several. */
const TAG = 'live'

export class LiveRanking {
  private readonly redis: Redis
  private readonly prefix: string
  private readonly headKey: string
  readonly channel: string

  constructor(redis: Redis, prefix: string) {
    this.redis = redis
    this.prefix = prefix
    this.headKey = this.key('head')
    this.channel = this.key('changed')
  }

  get up(): boolean {
    return this.redis.up
  }

  /** `heard` when it changed, perhaps. */
  listen(heard: () => void): Promise<void> {
    return this.redis.listen(this.channel, heard)
  }

  /** null: nothing is known of what is here. */
  async head(): Promise<Head | null> {
    const flat = await this.redis.command<string[]>('HGETALL', this.headKey)
    const fields = new Map<string, string>()
    for (let i = 0; i < flat.length; i += 2) fields.set(flat[i]!, flat[i + 1]!)
    const number = (name: string): number => Number(fields.get(name) ?? Number.NaN)
    const head = {
      era: fields.get('era') ?? '',
      stamp: fields.get('stamp') ?? '',
      generation: number('generation'),
      version: number('version'),
      asOf: number('asOf'),
      checked: number('checked'),
      scopes: [...fields].filter(([name]) => name.startsWith('s:')).map(liveScope),
    }
    const numbers = [head.generation, head.version, head.asOf, head.checked]
    if (head.era !== '' && head.stamp !== '' && numbers.every(Number.isSafeInteger)) return head
    // Not one of ours: with it goes all that it names.
    if (flat.length > 0) await this.redis.command('UNLINK', this.headKey)
    return null
  }

  /** A new era in which nothing is here yet. False: another head came first. */
  async begin(before: Head | null, era: string, edition: Edition, found: Found): Promise<boolean> {
    const { generation, version } = edition
    const fields = { era, stamp: 0, generation, version, asOf: found.asOf, checked: found.checked }
    const args = [before?.era ?? '', this.life(), ...Object.entries(fields).flat()]
    if ((await this.redis.run(BEGIN, [this.headKey], args)) !== 1) return false
    const old = (before?.scopes ?? []).flatMap(({ scope }) => this.keysOf(scope))
    if (old.length > 0) await this.redis.command('UNLINK', ...old)
    return true
  }

  /** Nothing has changed up to `version`. False: it is not here, or its era has ended. */
  async confirm(era: string, version: number, found: Found): Promise<boolean> {
    const args = [era, this.life(), version, found.asOf, found.checked]
    return (await this.redis.run(CONFIRM, [this.headKey], args)) === 1
  }

  /** Brings what is here from `head` to a later version. False: somebody else changed it since. */
  async apply(head: Head, changes: Changes, found: Found): Promise<boolean> {
    const parts = head.scopes.flatMap(live => {
      const rows = changes.figures.get(scopeName(live.scope)) ?? []
      return slices(rows, ROWS_A_CALL).map(part => ({ live, part }))
    })
    // The last may be without figures: it moves the version.
    do {
      const now: typeof parts = []
      let count = 0
      while (parts.length > 0 && (now.length === 0 || count + parts[0]!.part.length <= ROWS_A_CALL)) {
        const next = parts.shift()!
        now.push(next)
        count += next.part.length
      }
      const keys = [this.headKey, ...now.flatMap(({ live }) => this.keysOf(live.scope))]
      const rows = now.flatMap(({ live, part }) => [
        scopeName(live.scope),
        live.token,
        part.length,
        ...part.flatMap(rowArgs),
      ])
      const end = [this.life(), changes.version, found.asOf, found.checked, this.channel]
      const args = [head.era, head.stamp, ...rows, ...(parts.length === 0 ? end : [])]
      if ((await this.redis.run(APPLY, keys, args)) !== 1) return false
    } while (parts.length > 0)
    return true
  }

  /** Figures of a scope, beside what is here, under a token of their own. */
  async stage(token: string, rows: readonly TopRow[]): Promise<void> {
    for (const part of slices(rows, ROWS_A_CALL))
      await this.redis.run(STAGE, this.stagedKeys(token), [STAGED_MS, token, ...part.flatMap(rowArgs)])
  }

  async unstage(token: string): Promise<void> {
    await this.redis.command('UNLINK', ...this.stagedKeys(token))
  }

  /**
   * What was staged takes the scope's place, true at `version`. `behind`: what is here is newer; `gone`: its era has
   * ended; `full`: there are enough. `shown`: it is what every page shows.
   */
  async settle(
    era: string,
    version: number,
    { scope, token, endsAt }: LiveScope,
    { now, shown }: { now: number; shown: boolean },
  ): Promise<'settled' | 'behind' | 'gone' | 'full'> {
    const keys = [this.headKey, ...this.stagedKeys(token), ...this.keysOf(scope)]
    const most = SCOPES_MOST + (shown ? SHOWN_SCOPES : 0)
    const args = [era, version, scopeName(scope), token, endsAt, endsAt - now, most]
    return this.redis.run(SETTLE, keys, args)
  }

  /** Removes scopes, unless they were filled anew meanwhile. Returns how many. */
  async drop(scopes: readonly LiveScope[]): Promise<number> {
    if (scopes.length === 0) return 0
    const keys = [this.headKey, ...scopes.flatMap(({ scope }) => this.keysOf(scope))]
    const args = scopes.flatMap(live => [scopeName(live.scope), `${live.token} ${live.endsAt}`])
    return this.redis.run(DROP, keys, args)
  }

  /** The top of a scope; null: it is not here. */
  async read(scope: Scope, by: 'revenue' | 'units', limit: number): Promise<LiveTop | null> {
    const [figures, revenue, units] = this.keysOf(scope)
    const keys = [this.headKey, figures, by === 'revenue' ? revenue : units]
    type Answer = [asOf: string, checked: string, ids: string[], figures: (string | null)[]]
    const answer = await this.redis.run<Answer | null>(READ, keys, [scopeName(scope), limit])
    if (answer === null) return null
    const [asOf, checked, ids, packed] = answer
    if (packed.includes(null)) return null
    const rows = ids.map((productId, i) => unpackFigures(productId, packed[i]!))
    return { asOf: Number(asOf), checked: Number(checked), rows }
  }

  /** Some entries of a scope as they lie there; null: it is not here any more. */
  async piece(scope: Scope, cursor: string): Promise<Piece | null> {
    type Scores = (string | null)[]
    type Answer = [string | null, string | null, string, string[], Scores, Scores, number[]]
    const keys = [this.headKey, ...this.keysOf(scope)]
    const args = [scopeName(scope), cursor, PIECE_ROWS]
    const [said, version, next, flat, revenue, units, sizes] = await this.redis.run<Answer>(PIECE, keys, args)
    if (said === null || version === null) return null
    const entries = new Map<string, LiveEntry>()
    for (let i = 0; i < revenue.length; i++)
      if (flat[2 * i] !== '')
        entries.set(flat[2 * i]!, { figures: flat[2 * i + 1]!, revenue: revenue[i]!, units: units[i]! })
    const [all, ...orders] = sizes
    const even = orders.every(size => size === all! - 1)
    return { token: said.split(' ')[0]!, version: Number(version), next, entries, even }
  }

  /** When a scope that is filled now ends, epoch ms. */
  endOf(now: number): number {
    return now + withJitter(families.ranking.ttl, Math.random())
  }

  private life(): number {
    return families.ranking.ttl
  }

  private key(part: string): string {
    return keyOf(this.prefix, families.ranking, TAG, part)
  }

  private keysOf(scope: Scope): [figures: string, revenue: string, units: string] {
    const name = scopeName(scope)
    return [this.key(`figures:${name}`), this.key(`revenue:${name}`), this.key(`units:${name}`)]
  }

  private stagedKeys(token: string): string[] {
    return ['figures', 'revenue', 'units'].map(part => this.key(`staged:${token}:${part}`))
  }
}

function liveScope([field, value]: [string, string]): LiveScope {
  const [token, end] = value.split(' ')
  return { scope: scopeOf(field.slice(2)), token: token!, endsAt: Number(end) }
}

const rowArgs = (row: TopRow): (string | number)[] => [
  row.product_id,
  scoreOf(row, 'revenue'),
  scoreOf(row, 'units'),
  packFigures(row),
]

function slices<T>(rows: readonly T[], size: number): T[][] {
  const parts: T[][] = []
  for (let i = 0; i < rows.length; i += size) parts.push(rows.slice(i, i + size))
  return parts
}
