// The relay's SQL on the outbox.

import { type RawBuilder, sql } from 'kysely'
import { trouble } from '../sql/errors.ts'
import { CONFLICT_RETRIES, type Dialect, type Lane, type Ledger, type Tx } from '../sql/ledger.ts'
import { SHARDS } from '../sql/platform-tables.ts'
import { literal } from '../sql/render-mysql.ts'
import { type Copy, copyByNumber, deleteByNumber, runsOfNumbers, type Update } from '../sql/statements.ts'
import type { EventCopy } from './consumer.ts'
import type { Fence } from './transport.ts'

export interface OutboxRow {
  readonly seq: number
  readonly shard: number
  readonly event_key: string
  readonly version: number
  readonly type: string
  /** JSON; null where nobody wants the type. */
  readonly payload: string | null
  readonly created_at: number
}

export interface OutboxPage {
  /** Rows with numbers above this: the low water. */
  readonly above: number
  /** Rows that are known already, by number. */
  readonly except: readonly number[]
  readonly limit: number
  /** Whose payload is wanted. */
  readonly types: readonly string[]
  /** Whose rows. */
  readonly shards: readonly number[]
}

/** Committed rows in order of their numbers, as of one moment: of a key all, up to the limit. */
export async function readOutbox(ledger: Ledger, page: OutboxPage): Promise<OutboxRow[]> {
  const { above, except, limit, types, shards } = page
  const mysql = ledger.dialect === 'mysql'
  const payload: RawBuilder<unknown> =
    types.length === 0
      ? sql`NULL`
      : sql`CASE WHEN type IN (${sql.raw(types.map(literal).join(','))}) THEN payload END`
  // A relay alone holds all shards, and then the condition would only cost.
  const mine =
    shards.length === SHARDS ? sql`` : sql`AND shard IN (${sql.raw(shards.map(literal).join(','))})`
  const fresh = sql.raw(notAmong(except, mysql))
  const { rows } = await sql<OutboxRow>`SELECT seq, shard, event_key, version, type, created_at,
      ${payload} AS payload
    FROM outbox ${sql.raw(mysql ? 'FORCE INDEX (PRIMARY)' : '')}
    WHERE seq > ${sql.lit(above)} ${mine} ${fresh} ORDER BY seq LIMIT ${sql.lit(limit)}`.execute(
    ledger.reads(),
  )
  return rows
}

/**
 * Up to which number, at most `to`, the outbox has neither rows nor rows to come; null where a lock is in the way.
 * MariaDB and MySQL only. What is not committed is locked by its transaction.
 */
export function emptyUpTo(ledger: Ledger, above: number, to: number): Promise<number | null> {
  return ledger.write(async (tx: Tx<unknown>) => {
    try {
      const { rows } = await sql<{ seq: number }>`SELECT seq FROM outbox FORCE INDEX (PRIMARY)
        WHERE seq > ${above} AND seq <= ${to} ORDER BY seq LIMIT 1 FOR UPDATE NOWAIT`.execute(tx)
      return rows.length === 0 ? to : rows[0]!.seq - 1
    } catch (error) {
      if (trouble(error) === 'conflict') return null // locked: somebody is at work there
      throw error
    }
  })
}

const deleteEvents = deleteByNumber('outbox', 'seq')

/** How each engine reads a text out of JSON; NULL where it is not there, or null. */
const FIELD = {
  sqlite: (name: string) => `payload ->> '$.${name}'`,
  mysql: (name: string) => `JSON_VALUE(payload, '$.${name}')`,
} as const

/** A consumer's rows made of the outbox's, as one statement; events of other types make none. */
export function copyEvents(copy: EventCopy, types: readonly string[]): (seqs: readonly number[]) => Copy {
  const textFor = (dialect: Dialect): string => {
    const columns = copy.columns(FIELD[dialect])
    const [names, values] = [Object.keys(columns).join(', '), Object.values(columns).join(', ')]
    const mine = `type IN (${types.map(literal).join(',')}) AND (${copy.where(FIELD[dialect])})`
    return `INSERT INTO ${copy.table} (${names}) SELECT ${values} FROM outbox WHERE ${mine}`
  }
  return copyByNumber({ text: { sqlite: textFor('sqlite'), mysql: textFor('mysql') }, key: 'seq' })
}

/**
 * Deletes what was published, and writes its copies, in one round trip, if all of `shards` (those of the rows) are
 * still held as they were; else only for the rows of those that are. What is not deleted is published again by
 * whoever holds it now.
 */
export async function deletePublished(
  ledger: Ledger,
  lane: Lane,
  leases: { fence: Fence; holding(shards: Iterable<number>): Update },
  published: readonly { readonly seq: number; readonly shard: number }[],
  copies: (seqs: readonly number[]) => readonly Copy[],
): Promise<void> {
  let rows = published
  for (let attempt = 1; rows.length > 0; attempt++) {
    const holding = leases.holding(new Set(rows.map(row => row.shard)))
    try {
      const seqs = rows.map(row => row.seq)
      return await lane.attempt([], [holding, ...copies(seqs), deleteEvents(seqs)])
    } catch (error) {
      if (attempt > CONFLICT_RETRIES) throw error
      const kind = trouble(error)
      if (kind === 'guard') {
        const held = await ledger.write((tx: Tx<unknown>) => leases.fence(tx))
        rows = rows.filter(row => held.has(row.shard))
      } else if (kind !== 'conflict') throw error
    }
  }
}

/** Conditions in one statement: each row is held against each of them, and SQLite takes a tree of 1,000. */
const RUNS_MOST = 50

function notAmong(numbers: readonly number[], mysql: boolean): string {
  const runs = runsOfNumbers(numbers)
  if (runs.length <= RUNS_MOST)
    return runs.map(([from, to]) => `AND seq NOT BETWEEN ${from} AND ${to}`).join(' ')
  const list = numbers.join(',')
  return mysql ? `AND seq NOT IN (${list})` : `AND seq NOT IN (SELECT value FROM json_each('[${list}]'))`
}
