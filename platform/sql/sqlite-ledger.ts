// The embedded ledger: SQLite in one file, write-ahead log, every commit on disk before it is told.

import { mkdirSync } from 'node:fs'
import path from 'node:path'
import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { Kysely, SqliteDialect } from 'kysely'
import { Recent } from '../cache/recent.ts'
import { trouble } from './errors.ts'
import { LaneThread } from './lane-thread.ts'
import { CONFLICT_RETRIES, conflictPause, type Ledger, type Tx } from './ledger.ts'
import { Mutex } from './mutex.ts'
import { openSqlite, type Run, SqliteBatches } from './sqlite-connection.ts'
import { SqliteLane, ThreadTurn } from './sqlite-lane.ts'

/** Statements kept ready on a connection: far more than there are queries whose text never changes, */
const PREPARED_MOST = 500
/** characters: and none of those is longer. */
const PREPARED_LENGTH = 2_000

/** Kysely's SQLite dialect wants the interface of better-sqlite3; this is node:sqlite in that shape. */
function forKysely(database: DatabaseSync) {
  const prepare = (text: string) => {
    const statement = database.prepare(text)
    return {
      reader: statement.columns().length > 0,
      all: (parameters: readonly unknown[]) => statement.all(...(parameters as SQLInputValue[])),
      run: (parameters: readonly unknown[]) => statement.run(...(parameters as SQLInputValue[])),
      // By itself: what is read row by row may be in the midst of it when the same text is asked again.
      iterate: (parameters: readonly unknown[]) =>
        database.prepare(text).iterate(...(parameters as SQLInputValue[])) as IterableIterator<unknown>,
    }
  }
  const prepared = new Recent<string, ReturnType<typeof prepare>>(PREPARED_MOST)
  return {
    close: () => database.close(),
    prepare(text: string) {
      if (text.length > PREPARED_LENGTH) return prepare(text)
      let statement = prepared.get(text)
      if (statement === undefined) {
        statement = prepare(text)
        prepared.set(text, statement)
      }
      return statement
    },
  }
}

export function openSqliteLedger(file: string): Ledger {
  mkdirSync(path.dirname(file), { recursive: true })
  const writer = openSqlite(file)
  const reader = openSqlite(file)
  const writes = new Kysely<unknown>({ dialect: new SqliteDialect({ database: forKysely(writer) }) })
  const reads = new Kysely<unknown>({ dialect: new SqliteDialect({ database: forKysely(reader) }) })
  // One writes at a time: batches, Kysely's transactions, and the thread, whose own connection would have them wait
  // for SQLite's lock, which blocks the loop.
  const turn = new Mutex()
  const thread = new LaneThread<readonly Run[]>(new URL('./sqlite-thread.ts', import.meta.url), file)
  const parts = {
    writer: new SqliteBatches(writer),
    reader: new SqliteBatches(reader),
    turn,
    thread,
    threadTurn: new ThreadTurn(turn),
  }

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
    lane: name => new SqliteLane(name, parts),
    async snapshot<Tables, R>(work: (tx: Tx<Tables>) => Promise<R>): Promise<R> {
      const database = openSqlite(file)
      const kysely = new Kysely<Tables>({ dialect: new SqliteDialect({ database: forKysely(database) }) })
      try {
        return await kysely.transaction().execute(work)
      } finally {
        await kysely.destroy()
      }
    },
    migrator: () => writes,
    async probe() {
      reader.exec('SELECT 1')
    },
    readFrom: () => undefined,
    currentTo: async now => now,
    async ping() {
      reader.exec('SELECT 1')
    },
    pool: () => ({ used: turn.held ? 1 : 0, idle: turn.held ? 0 : 1, waiting: turn.waiting }),
    async close() {
      const release = await turn.acquire()
      await thread.close()
      await reads.destroy()
      await writes.destroy()
      release()
    },
  }
}
