// The SQL of dead letters: events that a consumer could not take, in order per consumer and key.

import { type Kysely, type Selectable, sql } from 'kysely'
import type { Ledger, Tx } from '../sql/ledger.ts'
import type { PlatformTables } from '../sql/platform-tables.ts'
import type { Fence, OutboxEvent, Outcome } from './transport.ts'

export type DeadLetter = Selectable<PlatformTables['dead_letters']>

/** Most characters of a cause that are kept: the column's width, enough for a message and a few frames. */
const CAUSE_MOST = 1_000
/** Begins the cause of a letter whose consumer took nothing at all: tried again without being asked. */
export const DOWN = 'down: '

/** What to park: with its own cause, or (null) because earlier events of its key are parked already. */
export interface Parcel {
  readonly event: OutboxEvent
  readonly cause: string | null
}

export function causeOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? `${error.name}: ${error.message}`) : String(error)
}

const platform = (ledger: Ledger): Kysely<PlatformTables> => ledger.reads<PlatformTables>()

export async function hasLetters(ledger: Ledger, consumer: string): Promise<boolean> {
  const row = await platform(ledger)
    .selectFrom('dead_letters')
    .select('seq')
    .where('consumer', '=', consumer)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** Those of `keys` with letters of this consumer. */
export async function deadKeysAmong(
  ledger: Ledger,
  consumer: string,
  keys: readonly string[],
): Promise<Set<string>> {
  const rows = await platform(ledger)
    .selectFrom('dead_letters')
    .select('event_key')
    .distinct()
    .where('consumer', '=', consumer)
    .where('event_key', 'in', keys)
    .execute()
  return new Set(rows.map(row => row.event_key))
}

/**
 * Parks events behind the fence, in the order given. `done`: parked, or parked before; `again`: its shard is lost,
 * or its key has been replayed to the end meanwhile, so that it need not wait behind anything.
 */
export async function park(
  ledger: Ledger,
  consumer: string,
  parcels: readonly Parcel[],
  fence: Fence,
  now: number,
): Promise<Outcome[]> {
  return ledger.write(async (tx: Tx<unknown>) => {
    const held = await fence(tx)
    const db = tx as unknown as Kysely<PlatformTables>
    const parked = await lockLetters(db, ledger.dialect === 'mysql', consumer, parcels)
    const outcomes: Outcome[] = []
    const rows: Omit<DeadLetter, 'seq'>[] = []
    for (const { event, cause } of parcels) {
      const before = parked.get(event.key)
      const goes = held.has(event.shard) && (cause !== null || before !== undefined)
      outcomes.push(goes ? 'done' : 'again')
      if (!goes || before?.versions.has(event.version)) continue
      rows.push({
        consumer,
        event_key: event.key,
        version: event.version,
        type: event.type,
        payload: event.payload,
        cause: (before === undefined ? cause! : `behind ${before.head}`).slice(0, CAUSE_MOST),
        created_at: now,
        made_at: event.madeAt,
      })
    }
    if (rows.length > 0)
      await db
        .insertInto('dead_letters')
        .values(rows as never)
        .execute()
    return outcomes
  })
}

interface Parked {
  /** Number of the first letter. */
  head: number
  readonly versions: Set<number>
}

async function lockLetters(
  db: Kysely<PlatformTables>,
  locks: boolean,
  consumer: string,
  parcels: readonly Parcel[],
): Promise<Map<string, Parked>> {
  const keys = [...new Set(parcels.map(parcel => parcel.event.key))].sort()
  let query = db
    .selectFrom('dead_letters')
    .select(['seq', 'event_key', 'version'])
    .where('consumer', '=', consumer)
    .where('event_key', 'in', keys)
    .orderBy('seq')
  if (locks) query = query.forUpdate()
  const parked = new Map<string, Parked>()
  for (const { seq, event_key, version } of await query.execute()) {
    const there = parked.get(event_key)
    if (there === undefined) parked.set(event_key, { head: seq, versions: new Set([version]) })
    else there.versions.add(version)
  }
  return parked
}

/** Letters with numbers above `after`, oldest first. */
export function readLetters(
  ledger: Ledger,
  after: number,
  limit: number,
  consumer: string | null,
): Promise<DeadLetter[]> {
  let query = platform(ledger).selectFrom('dead_letters').selectAll().where('seq', '>', after)
  if (consumer !== null) query = query.where('consumer', '=', consumer)
  return query.orderBy('seq').limit(limit).execute()
}

/** The letters of these keys, oldest first, which per key is the order of their versions. */
export function lettersOfKeys(
  ledger: Ledger,
  consumer: string,
  keys: readonly string[],
  limit: number,
): Promise<DeadLetter[]> {
  return platform(ledger)
    .selectFrom('dead_letters')
    .selectAll()
    .where('consumer', '=', consumer)
    .where('event_key', 'in', keys)
    .orderBy('seq')
    .limit(limit)
    .execute()
}

/**
 * Keys parked only because the consumer took nothing, since `since` (epoch ms), with the numbers of their first
 * letters, from above `after` on.
 */
export async function keysDown(
  ledger: Ledger,
  consumer: string,
  since: number,
  after: number,
  limit: number,
): Promise<{ key: string; seq: number }[]> {
  const { rows } = await sql<{ event_key: string; head: number }>`SELECT event_key, MIN(seq) AS head
    FROM dead_letters
    WHERE consumer = ${consumer} AND seq > ${after} AND created_at >= ${since} AND cause LIKE ${`${DOWN}%`}
    GROUP BY event_key ORDER BY head LIMIT ${sql.lit(limit)}`.execute(ledger.reads())
  return rows.map(row => ({ key: row.event_key, seq: row.head }))
}

/** Removes what was replayed and notes the new cause of what failed again. */
export async function settleLetters(
  ledger: Ledger,
  replayed: readonly number[],
  failed: readonly { readonly seq: number; readonly cause: string }[],
): Promise<void> {
  await ledger.write<PlatformTables, void>(async tx => {
    if (replayed.length > 0) await tx.deleteFrom('dead_letters').where('seq', 'in', replayed).execute()
    for (const { seq, cause } of failed)
      await tx
        .updateTable('dead_letters')
        .set({ cause: cause.slice(0, CAUSE_MOST) })
        .where('seq', '=', seq)
        .execute()
  })
}
