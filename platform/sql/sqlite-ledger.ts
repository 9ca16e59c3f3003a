// The embedded ledger: SQLite in one file, write-ahead log, every commit on disk before it is told.

import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { Kysely, SqliteDialect } from 'kysely'
import { GuardFailed, trouble } from './errors.ts'
import { CONFLICT_RETRIES, conflictPause, type Lane, type Ledger, type Tx } from './ledger.ts'
import { Mutex } from './mutex.ts'
import type { Insert, Row, Select, Update, Write } from './statements.ts'

/** Longest wait for another process's write (an import, a backup), ms. Blocks this thread, so it is short. */
const BUSY_MS = 2_000

/**
 * Pages of the log before it is copied into the file, which happens inside a COMMIT: 32 MiB. The default of 4 MiB
 * is reached ten times a second at full speed, and copies the same hot pages each time.
 */
const CHECKPOINT_PAGES = 8_192

function open(file: string): DatabaseSync {
  const database = new DatabaseSync(file)
  database.exec(
    `PRAGMA busy_timeout=${BUSY_MS}; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; ` +
      `PRAGMA cache_size=-65536; PRAGMA journal_size_limit=67108864; PRAGMA wal_autocheckpoint=${CHECKPOINT_PAGES}`,
  )
  return database
}

/** Kysely's SQLite dialect wants the interface of better-sqlite3; this is node:sqlite in that shape. */
function forKysely(database: DatabaseSync) {
  return {
    close: () => database.close(),
    prepare(text: string) {
      const statement = database.prepare(text)
      return {
        reader: statement.columns().length > 0,
        all: (parameters: readonly unknown[]) => statement.all(...(parameters as SQLInputValue[])),
        run: (parameters: readonly unknown[]) => statement.run(...(parameters as SQLInputValue[])),
        iterate: (parameters: readonly unknown[]) =>
          statement.iterate(...(parameters as SQLInputValue[])) as IterableIterator<unknown>,
      }
    },
  }
}

export function openSqliteLedger(file: string): Ledger {
  mkdirSync(path.dirname(file), { recursive: true })
  const writer = open(file)
  const reader = open(file)
  const writes = new Kysely<unknown>({ dialect: new SqliteDialect({ database: forKysely(writer) }) })
  const reads = new Kysely<unknown>({ dialect: new SqliteDialect({ database: forKysely(reader) }) })
  // Two transactions never interleave on one connection: batches and Kysely's take turns.
  const turn = new Mutex()

  return {
    dialect: 'sqlite',
    reads: <Tables>() => reads as Kysely<Tables>,
    async write<Tables, R>(work: (tx: Tx<Tables>) => Promise<R>): Promise<R> {
      for (let attempt = 1; ; attempt++) {
        const release = await turn.acquire()
        try {
          return await (writes as Kysely<Tables>).transaction().execute(work)
        } catch (error) {
          if (trouble(error) !== 'conflict' || attempt > CONFLICT_RETRIES) throw error
        } finally {
          release()
        }
        await new Promise(resolve => setTimeout(resolve, conflictPause(attempt, Math.random())))
      }
    },
    lane: () => new SqliteLane(writer, reader, turn),
    async snapshot<Tables, R>(work: (tx: Tx<Tables>) => Promise<R>): Promise<R> {
      const database = open(file)
      const kysely = new Kysely<Tables>({ dialect: new SqliteDialect({ database: forKysely(database) }) })
      try {
        return await kysely.transaction().execute(work)
      } finally {
        await kysely.destroy()
      }
    },
    migrator: () => writes,
    async ping() {
      reader.exec('SELECT 1')
    },
    pool: () => ({ used: turn.held ? 1 : 0, idle: turn.held ? 0 : 1, waiting: turn.waiting }),
    async close() {
      const release = await turn.acquire()
      await reads.destroy()
      await writes.destroy()
      release()
    },
  }
}

class SqliteLane implements Lane {
  private readonly writer: DatabaseSync
  private readonly reader: DatabaseSync
  private readonly turn: Mutex
  private readonly prepared = new Map<object, StatementSync>()
  private readonly preparedReads = new Map<object, StatementSync>()

  constructor(writer: DatabaseSync, reader: DatabaseSync, turn: Mutex) {
    this.writer = writer
    this.reader = reader
    this.turn = turn
  }

  async transact(
    reads: readonly Select[],
    decide: (sets: readonly Row[][]) => readonly Write[],
  ): Promise<void> {
    const release = await this.turn.acquire()
    try {
      this.writer.exec('BEGIN IMMEDIATE')
      try {
        const writes = decide(reads.map(read => this.select(this.writer, this.prepared, read)))
        for (const write of writes) this.write(write)
        this.writer.exec('COMMIT')
      } catch (error) {
        if (this.writer.isTransaction) this.writer.exec('ROLLBACK')
        throw error
      }
    } finally {
      release()
    }
  }

  attempt(_locks: readonly Select[], writes: readonly Write[]): Promise<void> {
    return this.transact([], () => writes)
  }

  async read(reads: readonly Select[]): Promise<Row[][]> {
    return reads.map(read => this.select(this.reader, this.preparedReads, read))
  }

  async close(): Promise<void> {}

  private select(on: DatabaseSync, cache: Map<object, StatementSync>, { shape, ids }: Select): Row[] {
    let statement = cache.get(shape)
    if (statement === undefined) {
      statement = on.prepare(
        `SELECT ${shape.columns} FROM ${shape.from} WHERE ${shape.key} IN (SELECT value FROM json_each(?))`,
      )
      cache.set(shape, statement)
    }
    return ids.length === 0 ? [] : (statement.all(JSON.stringify(ids)) as Row[])
  }

  private write(write: Write): void {
    if (write.rows.length === 0) return
    let statement = this.prepared.get(write.shape)
    if (statement === undefined) {
      statement = this.writer.prepare(write.kind === 'insert' ? insertText(write) : updateText(write))
      this.prepared.set(write.shape, statement)
    }
    if (write.kind === 'insert') {
      for (const row of write.rows) statement.run(...row)
      return
    }
    const keys = write.shape.keys.length
    for (const row of write.rows) {
      const { changes } = statement.run(...row.slice(keys), ...row.slice(0, keys))
      if (changes !== 1)
        throw new GuardFailed(`${write.shape.table}: no row ${JSON.stringify(row.slice(0, keys))}`)
    }
  }
}

function insertText({ shape }: Insert): string {
  return `INSERT INTO ${shape.table} (${shape.columns.join(',')}) VALUES (${shape.columns.map(() => '?').join(',')})`
}

function updateText({ shape }: Update): string {
  const set = shape.set.map(column => `${column}=?`).join(',')
  return `UPDATE ${shape.table} SET ${set} WHERE ${shape.keys.map(column => `${column}=?`).join(' AND ')}`
}
