// The ledger on MariaDB (10.6 or later) and MySQL (8.4 or later).

import { Kysely, MysqlDialect } from 'kysely'
import mysql, { type Pool, type PoolConnection } from 'mysql2'
import { CommitUnknown, LedgerUnavailable, trouble } from './errors.ts'
import { CONFLICT_RETRIES, conflictPause, type Ledger, type Tx } from './ledger.ts'
import {
  CONNECT_TIMEOUT_MS,
  connectionOptions,
  type MysqlOptions,
  setUp,
  withCredentials,
} from './mysql-connection.ts'
import { MysqlLane } from './mysql-lane.ts'
import { Pulse } from './mysql-pulse.ts'
import { Reads } from './mysql-reads.ts'
import type { PlatformTables } from './platform-tables.ts'

export type { MysqlOptions } from './mysql-connection.ts'

/** Callers that may wait for a pooled connection; more are turned away at once. */
const POOL_QUEUE = 1_000

function openPool(options: MysqlOptions): Pool {
  const pool = mysql.createPool({
    ...connectionOptions(options),
    connectionLimit: options.poolSize,
    queueLimit: POOL_QUEUE,
    waitForConnections: true,
  })
  pool.on('connection', connection => {
    sendTextAsItIs(connection)
    setUp(connection, options.lockWait)
  })
  return pool
}

export function openMysqlLedger(options: MysqlOptions): Ledger {
  const { replicaUrl = '' } = options
  const pool = openPool(options)
  const replica =
    replicaUrl === '' ? null : openPool({ ...options, url: withCredentials(replicaUrl, options.url) })
  const source = new Reads(pool, replica, options.note ?? (() => undefined))
  const pulse = new Pulse(options)
  let waiting = 0
  pool.on('enqueue', () => waiting++)
  pool.on('acquire', () => {
    if (waiting > 0) waiting--
  })
  const kysely = new Kysely<unknown>({ dialect: new MysqlDialect({ pool }) })
  const reads = new Kysely<unknown>({ dialect: source.dialect() })
  const lanes = new Set<MysqlLane>()

  return {
    dialect: 'mysql',
    reads: <Tables>() => reads as Kysely<Tables>,
    async write<Tables, R>(work: (tx: Tx<Tables>) => Promise<R>): Promise<R> {
      for (let attempt = 1; ; attempt++) {
        let committing = false
        try {
          return await (kysely as Kysely<Tables>).transaction().execute(async tx => {
            const result = await work(tx)
            committing = true
            return result
          })
        } catch (error) {
          const kind = trouble(error)
          if (kind === 'connection') throw lostConnection(error, committing)
          // Where nobody else writes, nothing else tells.
          if (kind === 'full') options.note?.('full', 0)
          if (kind !== 'conflict' || attempt > CONFLICT_RETRIES) throw error
          await pause(conflictPause(attempt, Math.random()))
        }
      }
    },
    lane(name) {
      const lane = new MysqlLane(name, options)
      lanes.add(lane)
      return lane
    },
    snapshot: <Tables, R>(work: (tx: Tx<Tables>) => Promise<R>) =>
      (kysely as Kysely<Tables>)
        .transaction()
        .setIsolationLevel('repeatable read')
        .setAccessMode('read only')
        .execute(work),
    migrator: () => kysely,
    probe: () => pulse.beat(),
    readFrom(where) {
      source.readFrom(where)
      // What was sent to it and not answered is looked up when it is back.
      if (where === 'replica') for (const lane of lanes) lane.giveUp()
    },
    async currentTo(now) {
      if (source.from === 'primary') return now
      const db = reads as Kysely<PlatformTables>
      const row = await db.selectFrom('ledger_pulse').select('at').where('id', '=', 1).executeTakeFirst()
      return Math.min(now, row?.at ?? 0)
    },
    ping: () =>
      new Promise((resolve, reject) =>
        pool.query({ sql: 'SELECT 1', timeout: CONNECT_TIMEOUT_MS }, error =>
          error ? reject(new LedgerUnavailable('no answer to a ping', { cause: error })) : resolve(),
        ),
      ),
    pool() {
      const inner = pool as unknown as {
        _allConnections?: { length: number }
        _freeConnections?: { length: number }
      }
      const idle = inner._freeConnections?.length ?? 0
      return { used: (inner._allConnections?.length ?? 0) - idle, idle, waiting }
    },
    async close() {
      pulse.close()
      await Promise.all([...lanes].map(lane => lane.close()))
      await kysely.destroy()
      // Kysely leaves a pool alone that it never asked anything; a ping alone opened it.
      await reads.destroy()
      const ended = [pool, replica].map(
        each => each && new Promise<void>(resolve => each.end(() => resolve())),
      )
      await Promise.all(ended)
    },
  }
}

/**
 * Kysely hands over a list of values with every statement. mysql2 looks through the whole text for their places
 * even if there are none: 4 % of the shop's time in a rush, whose statements are long and hold literals.
 */
function sendTextAsItIs(connection: PoolConnection): void {
  const query = connection.query.bind(connection) as (...parts: readonly unknown[]) => unknown
  const direct = (text: unknown, values: unknown, ...rest: readonly unknown[]) =>
    Array.isArray(values) && values.length === 0 ? query(text, ...rest) : query(text, values, ...rest)
  connection.query = direct as typeof connection.query
}

/** Before COMMIT was sent nothing is written; after it, nobody knows. */
function lostConnection(cause: unknown, committing: boolean): Error {
  if (committing) return new CommitUnknown('the answer to COMMIT was lost', { cause })
  return new LedgerUnavailable('the ledger cannot be reached', { cause })
}

const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))
