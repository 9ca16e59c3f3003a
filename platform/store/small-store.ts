// A store of a few thousand rows beside the ledger: for what has to remember and be asked while the ledger is away. SQLite in
// one file, every commit on disk before it is told; a call takes microseconds, so none of them waits.

import { mkdirSync } from 'node:fs'
import path from 'node:path'
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'

/** Longest wait for another process that writes, ms: its transactions take some. */
const BUSY_MS = 2_000

export type StoreValue = SQLInputValue
export type StoreRow = Readonly<Record<string, string | number | null>>

/** One step of a schema, done once, in this order. A step that is out in the world never changes. */
export interface StoreStep {
  readonly name: string
  readonly sql: string
}

export interface SmallStore {
  /** Integers come as numbers. */
  all<R extends object = StoreRow>(text: string, ...values: readonly StoreValue[]): readonly R[]
  one<R extends object = StoreRow>(text: string, ...values: readonly StoreValue[]): R | undefined
  /** How many rows it changed. */
  run(text: string, ...values: readonly StoreValue[]): number
  /** All of it or nothing. Holds up other writers from its first line on. Not nested. */
  transact<T>(work: () => T): T
  close(): void
}

/** @param file a path, or `:memory:` */
export async function openSmallStore(file: string, steps: readonly StoreStep[]): Promise<SmallStore> {
  // Node says that its SQLite is experimental as soon as it is loaded: only where it is wanted.
  const { DatabaseSync } = await import('node:sqlite')
  // Who may read it is told by its folder, and by its mask.
  if (file !== ':memory:') mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
  const database = new DatabaseSync(file, { timeout: BUSY_MS })
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON')
  const store = new Store(database)
  store.transact(() => migrate(store, database, steps))
  return store
}

function migrate(store: Store, database: DatabaseSync, steps: readonly StoreStep[]): void {
  database.exec('CREATE TABLE IF NOT EXISTS store_steps (name TEXT PRIMARY KEY) STRICT')
  const done = new Set(store.all<{ name: string }>('SELECT name FROM store_steps').map(({ name }) => name))
  for (const { name, sql } of steps) {
    if (done.has(name)) continue
    database.exec(sql)
    store.run('INSERT INTO store_steps (name) VALUES (?)', name)
  }
}

class Store implements SmallStore {
  private readonly database: DatabaseSync
  /** Texts are constants of the program: there are as many as there are calls in it. */
  private readonly prepared = new Map<string, StatementSync>()

  constructor(database: DatabaseSync) {
    this.database = database
  }

  all<R extends object>(text: string, ...values: readonly StoreValue[]): readonly R[] {
    return this.prepare(text).all(...values) as unknown as R[]
  }
  one<R extends object>(text: string, ...values: readonly StoreValue[]): R | undefined {
    return this.prepare(text).get(...values) as unknown as R | undefined
  }
  run(text: string, ...values: readonly StoreValue[]): number {
    return Number(this.prepare(text).run(...values).changes)
  }

  transact<T>(work: () => T): T {
    this.database.exec('BEGIN IMMEDIATE')
    try {
      const result = work()
      this.database.exec('COMMIT')
      return result
    } catch (error) {
      if (this.database.isTransaction) this.database.exec('ROLLBACK')
      throw error
    }
  }

  close(): void {
    this.prepared.clear()
    this.database.close()
  }

  private prepare(text: string): StatementSync {
    let statement = this.prepared.get(text)
    if (statement === undefined) {
      statement = this.database.prepare(text)
      this.prepared.set(text, statement)
    }
    return statement
  }
}
