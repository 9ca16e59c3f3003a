// The ledger on MariaDB (10.6 or later) and MySQL (8.4 or later).

import { Kysely, MysqlDialect } from 'kysely'
import mysql, { type Connection, type Pool, type PoolConnection } from 'mysql2'
import { CommitUnknown, LedgerUnavailable, trouble } from './errors.ts'
import { CONFLICT_RETRIES, conflictPause, type Lane, type Ledger, type Tx } from './ledger.ts'
import { renderLock, renderSelect, renderWrite } from './render-mysql.ts'
import type { Row, Select, Write } from './statements.ts'

export interface MysqlOptions {
  /** `mysql://user:password@host:port/database` */
  readonly url: string
  /** Most connections for reads and whole transactions; lanes come on top, one each. */
  readonly poolSize: number
  /** Longest wait for a row lock, ms; the engine counts in whole seconds. */
  readonly lockWait: number
  /** Longest wait for a new connection, ms. */
  readonly connectTimeout?: number
}

/** Callers that may wait for a pooled connection; more are turned away at once. */
const POOL_QUEUE = 1_000
const CONNECT_TIMEOUT_MS = 3_000
/** Longest wait for the answer to a batch, ms: two lock waits and a slow disk. */
const BATCH_TIMEOUT_MS = 10_000

/**
 * READ COMMITTED: every decision locks its rows first, and without gap locks neighbours do not block. Set by the
 * statement that all versions of both engines know: the variable's name differs.
 * Strict mode without NO_BACKSLASH_ESCAPES, which `render-mysql.ts` relies on.
 */
function sessionSetup(lockWait: number): readonly string[] {
  const seconds = Math.max(1, Math.ceil(lockWait / 1000))
  return [
    'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
    "SET SESSION sql_mode='STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO', " +
      `SESSION innodb_lock_wait_timeout=${seconds}, SESSION time_zone='+00:00'`,
  ]
}

/** Queued before anything the caller sends; a connection that cannot be set up is of no use. */
function setUp(connection: Connection | PoolConnection, lockWait: number): void {
  for (const statement of sessionSetup(lockWait))
    connection.query(statement, error => error && connection.destroy())
}

function connectionOptions(options: MysqlOptions) {
  const url = new URL(options.url)
  return {
    host: url.hostname,
    port: Number(url.port || 3306),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: url.pathname.slice(1),
    charset: 'utf8mb4',
    connectTimeout: options.connectTimeout ?? CONNECT_TIMEOUT_MS,
    flags: ['FOUND_ROWS'],
  }
}

export function openMysqlLedger(options: MysqlOptions): Ledger {
  const pool: Pool = mysql.createPool({
    ...connectionOptions(options),
    connectionLimit: options.poolSize,
    queueLimit: POOL_QUEUE,
    waitForConnections: true,
  })
  pool.on('connection', connection => {
    sendTextAsItIs(connection)
    setUp(connection, options.lockWait)
  })
  let waiting = 0
  pool.on('enqueue', () => waiting++)
  pool.on('acquire', () => {
    if (waiting > 0) waiting--
  })
  const kysely = new Kysely<unknown>({ dialect: new MysqlDialect({ pool }) })
  const lanes = new Set<MysqlLane>()

  return {
    dialect: 'mysql',
    reads: <Tables>() => kysely as Kysely<Tables>,
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
      await Promise.all([...lanes].map(lane => lane.close()))
      await kysely.destroy()
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

class MysqlLane implements Lane {
  private connection: Connection | null = null
  private readonly name: string
  private readonly options: MysqlOptions

  constructor(name: string, options: MysqlOptions) {
    this.name = name
    this.options = options
  }

  async transact(
    reads: readonly Select[],
    decide: (sets: readonly Row[][]) => readonly Write[],
  ): Promise<void> {
    const sets = await this.query(`BEGIN;${reads.map(renderSelect).join(';')}`).catch(error =>
      this.rolledBack(error),
    )
    let text: string[]
    try {
      text = decide(sets.slice(1) as Row[][]).flatMap(renderWrite)
    } catch (error) {
      this.rollback()
      throw error
    }
    if (text.length === 0) return this.rollback()
    return this.commit(text.join(';'))
  }

  async attempt(locks: readonly Select[], writes: readonly Write[]): Promise<void> {
    return this.commit(['BEGIN', ...locks.map(renderLock), ...writes.flatMap(renderWrite)].join(';'))
  }

  private async commit(text: string): Promise<void> {
    try {
      await this.query(`${text};COMMIT`)
    } catch (error) {
      if (trouble(error) === 'connection') {
        this.drop()
        throw new CommitUnknown(`lane ${this.name}: the answer to COMMIT was lost`, { cause: error })
      }
      return this.rolledBack(error)
    }
  }

  async read(reads: readonly Select[]): Promise<Row[][]> {
    const sets = await this.query(`DO 0;${reads.map(renderSelect).join(';')}`).catch(error =>
      this.rolledBack(error),
    )
    return sets.slice(1) as Row[][]
  }

  close(): Promise<void> {
    const connection = this.connection
    this.connection = null
    if (connection === null) return Promise.resolve()
    return new Promise(resolve => connection.end(() => resolve()))
  }

  /** Nothing of the batch stays: rolls back, or drops a broken connection (the server rolls back then). */
  private rolledBack(error: unknown): never {
    if (trouble(error) === 'connection') {
      this.drop()
      throw new LedgerUnavailable(`lane ${this.name}: the ledger cannot be reached`, { cause: error })
    }
    this.rollback()
    throw error
  }

  /** Sent without waiting: the connection works in order, so the next batch begins after it. */
  private rollback(): void {
    this.connection?.query('ROLLBACK', error => error && this.drop())
  }

  private drop(): void {
    this.connection?.destroy()
    this.connection = null
  }

  private query(sql: string): Promise<unknown[]> {
    const connection = this.connect()
    return new Promise((resolve, reject) =>
      connection.query({ sql, timeout: BATCH_TIMEOUT_MS }, (error, sets) =>
        error ? reject(error) : resolve(sets as unknown[]),
      ),
    )
  }

  private connect(): Connection {
    if (this.connection !== null) return this.connection
    const connection = mysql.createConnection({
      ...connectionOptions(this.options),
      multipleStatements: true,
    })
    // Without a listener a broken idle connection would end the process.
    connection.on('error', () => {
      if (this.connection === connection) this.connection = null
    })
    setUp(connection, this.options.lockWait)
    this.connection = connection
    return connection
  }
}
