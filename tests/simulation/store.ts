// The ledger's rows: SQLite in memory, one for all seeds of this process and emptied between them. Every statement that
// writes, and every COMMIT, has a name and may be where a shop process dies.

import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { Mutex } from '../../platform/sql/mutex.ts'
import { SqliteBatches } from '../../platform/sql/sqlite-connection.ts'
import { schemaOf } from '../../services/compose.ts'

/** Told of each statement of a transaction that writes, right before it runs. Throws: it does not, and all is rolled back. */
export type Guard = (point: string) => void

const WRITES = /^\s*(insert(?: or \w+)? into|update|delete from|replace into)\s+[`"]?(\w+)/i
const CREATES = /CREATE TABLE (\w+)/g

/** By table: whose it is. */
const ownerOf = new Map<string, string>()
for (const [module, schema] of Object.entries(schemaOf))
  for (const step of Object.values(schema)) {
    const types = {
      ...{ dialect: 'sqlite' as const, id: 'TEXT', text: () => 'TEXT', long: 'TEXT', int: 'INTEGER' },
      ...{ serial: 'INTEGER PRIMARY KEY AUTOINCREMENT', defaults: () => [] },
      ...{ table: 'STRICT, WITHOUT ROWID', serialTable: 'STRICT' },
    }
    for (const text of step(types))
      for (const [, table] of text.matchAll(CREATES)) ownerOf.set(table!, module)
  }

/** `order: update stock`; null: it reads. */
function pointOf(text: string): string | null {
  const [, verb, table] = WRITES.exec(text) ?? []
  if (verb === undefined || table === undefined) return null
  return `${ownerOf.get(table) ?? 'nobody'}: ${verb.split(' ')[0]!.toLowerCase()} ${table}`
}

class WatchedDatabase extends DatabaseSync {
  guard: Guard | null = null

  override prepare(text: string): StatementSync {
    const statement = super.prepare(text)
    const point = pointOf(text)
    if (point === null) return statement
    const run = statement.run.bind(statement)
    const all = statement.all.bind(statement)
    statement.run = ((...values: Parameters<typeof run>) => {
      this.guard?.(point)
      return run(...values)
    }) as typeof statement.run
    statement.all = ((...values: Parameters<typeof all>) => {
      this.guard?.(point)
      return all(...values)
    }) as typeof statement.all
    return statement
  }

  override exec(text: string): void {
    if (text === 'COMMIT') this.guard?.('commit')
    super.exec(text)
    if (text === 'COMMIT') this.guard?.('committed')
  }
}

interface Prepared {
  readonly statement: StatementSync
  /** It answers rows. */
  readonly reads: boolean
}

export class Store {
  readonly database = new WatchedDatabase(':memory:')
  readonly batches = new SqliteBatches(this.database)
  /** Of the one connection: nothing else may come between BEGIN and COMMIT. Free between two events of the world. */
  turn = new Mutex()
  private readonly known = new Map<string, Prepared>()
  private tables: string[] = []

  constructor() {
    // No disk is there to wait for; what a crash takes is decided by who dies where.
    this.database.exec('PRAGMA foreign_keys=ON')
  }

  prepare(text: string): StatementSync {
    return this.prepared(text).statement
  }

  prepared(text: string): Prepared {
    let known = this.known.get(text)
    if (known === undefined) {
      const statement = this.database.prepare(text)
      known = { statement, reads: statement.columns().length > 0 }
      this.known.set(text, known)
    }
    return known
  }

  /** After the schema is there. */
  learnTables(): void {
    const rows = this.prepare(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'kysely_%'",
    ).all()
    this.tables = rows.map(row => String(row.name))
  }

  /** As the schema left it, rows that it brings along among them. */
  empty(initial: ReadonlyMap<string, readonly Record<string, unknown>[]>): void {
    this.database.guard = null
    if (this.database.isTransaction) this.database.exec('ROLLBACK')
    this.turn = new Mutex()
    this.database.exec('PRAGMA foreign_keys=OFF; BEGIN')
    for (const table of this.tables) {
      this.prepare(`DELETE FROM ${table}`).run()
      for (const row of initial.get(table) ?? []) {
        const columns = Object.keys(row)
        this.prepare(
          `INSERT INTO ${table} (${columns.join(',')}) VALUES (${columns.map(() => '?').join(',')})`,
        ).run(...(Object.values(row) as (string | number | null)[]))
      }
    }
    this.prepare('DELETE FROM sqlite_sequence').run()
    this.database.exec('COMMIT; PRAGMA foreign_keys=ON')
  }

  /** All rows, by table. */
  rows(): Map<string, readonly Record<string, unknown>[]> {
    return new Map(this.tables.map(table => [table, this.prepare(`SELECT * FROM ${table}`).all()]))
  }
}
