// Schema changes: written once, run on both engines, forward only, one process at a time.

import { type Kysely, sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import type { Dialect, Ledger } from './ledger.ts'

/** Column types by engine. Ids and texts compare as bytes, without padding. */
export interface ColumnTypes {
  /** For the rare step that changes a table that exists, which each engine does in a way of its own. */
  readonly dialect: Dialect
  /** ASCII ids of ours: up to 64 characters. */
  readonly id: string
  /** Text of up to `length` characters, compared as bytes. */
  text(length: number): string
  /** Text of any length (up to 16 MiB), not indexed. */
  readonly long: string
  /** Whole numbers: counts, money in minor units, epoch milliseconds. */
  readonly int: string
  /** A growing number given by the ledger; the primary key. */
  readonly serial: string
  /**
   * Gives columns of a table that exists a default, as statements. None on SQLite, which cannot, and whose inserts
   * name all columns.
   */
  defaults(table: string, values: Readonly<Record<string, string | number>>): readonly string[]
  /** Closes CREATE TABLE for a table whose primary key is not a serial. */
  readonly table: string
  /** Closes CREATE TABLE for a table with a serial. */
  readonly serialTable: string
}

/** DDL of one step; each statement must be safe beside the version before (add, never rename or narrow). */
export type SchemaStep = (types: ColumnTypes) => readonly string[]

/** Steps by name: `2026-11-23-order` and so on. Names sort in the order of running; they never change. */
export type Schema = Readonly<Record<string, SchemaStep>>

const SQLITE: ColumnTypes = {
  dialect: 'sqlite',
  id: 'TEXT',
  text: () => 'TEXT',
  long: 'TEXT',
  int: 'INTEGER',
  serial: 'INTEGER PRIMARY KEY AUTOINCREMENT',
  defaults: () => [],
  table: 'STRICT, WITHOUT ROWID',
  serialTable: 'STRICT',
}

function mysqlTypes(bytes: string): ColumnTypes {
  const table = `ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE ${bytes}`
  return {
    dialect: 'mysql',
    id: `VARCHAR(64) CHARACTER SET utf8mb4 COLLATE ${bytes}`,
    text: length => `VARCHAR(${length}) CHARACTER SET utf8mb4 COLLATE ${bytes}`,
    long: `MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE ${bytes}`,
    int: 'BIGINT',
    serial: 'BIGINT AUTO_INCREMENT PRIMARY KEY',
    defaults: (table, values) => {
      const each = Object.entries(values).map(
        ([column, value]) =>
          `ALTER COLUMN ${column} SET DEFAULT ${typeof value === 'number' ? value : `'${value}'`}`,
      )
      return [`ALTER TABLE ${table} ${each.join(', ')}`]
    },
    table,
    serialTable: table,
  }
}

/** MariaDB and MySQL name the byte-wise collation without padding differently. */
async function typesOf(db: Kysely<unknown>, dialect: Dialect): Promise<ColumnTypes> {
  if (dialect === 'sqlite') return SQLITE
  const { rows } = await sql<{ version: string }>`SELECT VERSION() AS version`.execute(db)
  return mysqlTypes(/mariadb/i.test(rows[0]?.version ?? '') ? 'utf8mb4_nopad_bin' : 'utf8mb4_0900_bin')
}

/**
 * Brings the ledger to the newest schema. Returns the names of the steps that ran. Kysely's migrator holds
 * a lock in the ledger, so processes that start together do it once; a newer schema than ours is accepted.
 */
export async function migrate(ledger: Ledger, schemas: readonly Schema[]): Promise<string[]> {
  const db = ledger.migrator()
  const types = await typesOf(db, ledger.dialect)
  const migrations: Record<string, Migration> = {}
  for (const [name, step] of schemas.flatMap(schema => Object.entries(schema))) {
    if (migrations[name]) throw new Error(`two schema steps are named ${name}`)
    migrations[name] = {
      async up(inner: Kysely<unknown>) {
        for (const text of step(types)) await sql.raw(text).execute(inner)
      },
    }
  }
  const known = await namesThatRan(db)
  for (const name of known) migrations[name] ??= { up: async () => undefined } // a newer version's step
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => migrations },
    allowUnorderedMigrations: true,
  })
  const { error, results } = await migrator.migrateToLatest()
  if (error) throw error
  return (results ?? []).filter(result => result.status === 'Success').map(result => result.migrationName)
}

/** Steps of these schemas that the ledger has not had: none where it can be read as it is. Changes nothing. */
export async function missingSteps(ledger: Ledger, schemas: readonly Schema[]): Promise<string[]> {
  const ran = new Set(await namesThatRan(ledger.migrator()))
  return schemas.flatMap(schema => Object.keys(schema)).filter(name => !ran.has(name))
}

async function namesThatRan(db: Kysely<unknown>): Promise<string[]> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true })
  if (!tables.some(table => table.name === 'kysely_migration')) return []
  const { rows } = await sql<{ name: string }>`SELECT name FROM kysely_migration`.execute(db)
  return rows.map(row => row.name)
}
