// Connections to the embedded ledger, and batches on one: prepared statements, run row by row.

import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { GuardFailed } from './errors.ts'
import {
  type Copy,
  type Delete,
  type Insert,
  type InsertShape,
  type LaneWrite,
  namedColumns,
  type Row,
  runsOfNumbers,
  type Select,
  type Update,
  type Value,
} from './statements.ts'

/** Longest wait for another process's write (an import, a backup), ms. Blocks the thread, so it is short. */
const BUSY_MS = 2_000

/**
 * Pages of the log before it is copied into the file, which happens inside a COMMIT: 64 MiB, a stall of some 50 ms at
 * full speed. The default of 1,000 is reached many times a second, and copies the same pages each time.
 */
const CHECKPOINT_PAGES = 16_384

/** Bytes of the log that stay for use again: more than a checkpoint finds, or each would give them back. */
const LOG_BYTES = 96 * 1024 * 1024

export function openSqlite(file: string): DatabaseSync {
  const database = new DatabaseSync(file)
  database.exec(
    `PRAGMA busy_timeout=${BUSY_MS}; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; ` +
      `PRAGMA cache_size=-65536; PRAGMA journal_size_limit=${LOG_BYTES}; PRAGMA wal_autocheckpoint=${CHECKPOINT_PAGES}`,
  )
  return database
}

/** One statement and the rows it is run for. Plain data: it crosses threads. */
export interface Run {
  readonly text: string
  /** Values a row, and all values one row after the other: a list of lists takes twice as long to cross. */
  readonly width: number
  readonly values: readonly Value[]
  /** An update, which must find its row. */
  readonly finds: boolean
}

export function runsOf(writes: readonly LaneWrite[]): Run[] {
  return writes.filter(write => write.rows.length > 0).map(runOf)
}

function runOf(write: LaneWrite): Run {
  if (write.kind === 'insert') return insertRun(write)
  return write.kind === 'update' ? updateRun(write) : numbersRun(write)
}

const texts = new Map<object, string>()

function textOf<Shape extends object>(shape: Shape, make: (shape: Shape) => string): string {
  let text = texts.get(shape)
  if (text === undefined) {
    text = make(shape)
    texts.set(shape, text)
  }
  return text
}

/** Columns that nobody fills are left out: each value costs its way to the thread and into the statement. */
function insertRun({ shape, rows }: Insert): Run {
  const named = namedColumns(shape, rows, nullsOf(shape))
  const values: Value[] = []
  for (const row of rows) for (const j of named) values.push(row[j]!)
  const columns = named.map(j => shape.columns[j]!)
  return { text: insertText(shape.table, columns), width: named.length, values, finds: false }
}

const nulls = new Map<InsertShape, InsertShape['defaults']>()

/** Here the schema has no default but NULL. */
function nullsOf(shape: InsertShape): InsertShape['defaults'] {
  let known = nulls.get(shape)
  if (known === undefined) {
    known = shape.defaults.map(value => (value === null ? null : undefined))
    nulls.set(shape, known)
  }
  return known
}

/** What is set comes before the keys in the text, and after them in the row. */
function updateRun({ shape, rows }: Update): Run {
  const keys = shape.keys.length
  const values: Value[] = []
  for (const row of rows) {
    for (let i = keys; i < row.length; i++) values.push(row[i]!)
    for (let i = 0; i < keys; i++) values.push(row[i]!)
  }
  return { text: textOf(shape, updateText), width: shape.types.length, values, finds: true }
}

/** Once for each run of numbers without a gap. */
function numbersRun(write: Delete | Copy): Run {
  const text = write.kind === 'delete' ? textOf(write.shape, deleteText) : textOf(write.shape, copyText)
  return { text, width: 2, values: runsOfNumbers(write.rows).flat(), finds: false }
}

function deleteText({ table, key }: Delete['shape']): string {
  return `DELETE FROM ${table} WHERE ${key} BETWEEN ? AND ?`
}

function copyText({ text, key }: Copy['shape']): string {
  return `${text.sqlite} AND ${key} BETWEEN ? AND ?`
}

function insertText(table: string, columns: readonly string[]): string {
  return `INSERT INTO ${table} (${columns.join(',')}) VALUES (${columns.map(() => '?').join(',')})`
}

function updateText({ table, set, keys }: Update['shape']): string {
  const sets = set.map(column => `${column}=?`).join(',')
  return `UPDATE ${table} SET ${sets} WHERE ${keys.map(column => `${column}=?`).join(' AND ')}`
}

function selectText({ columns, from, key }: Select['shape']): string {
  return `SELECT ${columns} FROM ${from} WHERE ${key} IN (SELECT value FROM json_each(?))`
}

/** A connection that batches are run on. */
export class SqliteBatches {
  private readonly database: DatabaseSync
  private readonly prepared = new Map<string, StatementSync>()

  constructor(database: DatabaseSync) {
    this.database = database
  }

  select({ shape, ids }: Select): Row[] {
    if (ids.length === 0) return []
    return this.prepare(textOf(shape, selectText)).all(JSON.stringify(ids)) as Row[]
  }

  /** One transaction; what `work` returns is written in it. Throwing rolls back. */
  transact(work: () => readonly Run[]): void {
    this.database.exec('BEGIN IMMEDIATE')
    try {
      for (const run of work()) this.run(run)
      this.database.exec('COMMIT')
    } catch (error) {
      if (this.database.isTransaction) this.database.exec('ROLLBACK')
      throw error
    }
  }

  private run({ text, width, values, finds }: Run): void {
    const statement = this.prepare(text)
    for (let at = 0; at < values.length; at += width) {
      const row = values.slice(at, at + width)
      const { changes } = statement.run(...(row as SQLInputValue[]))
      if (finds && changes !== 1) throw new GuardFailed(`no row for ${text}: ${JSON.stringify(row)}`)
    }
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
