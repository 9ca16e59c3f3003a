// The statements of the hot paths as data. Text and shape are fixed when a module is loaded; a batch brings
// only rows. Each engine renders them its own way: MariaDB and MySQL as literals in one round trip, SQLite
// as prepared statements run row by row. (Compiling a ten-column row with a query builder costs 1.3–2.9 µs.)

import type { Dialect } from './ledger.ts'

export type Value = string | number | null
export type Row = Record<string, Value>

/** `id`: up to 191 characters; `text`: up to 1,000; `int`: 64 bits. */
export type ColumnType = 'id' | 'text' | 'int'

export interface SelectShape {
  readonly columns: string
  readonly from: string
  /** The column that the ids name; a primary key or its first part, or that of `index`. */
  readonly key: string
  /** The unique index to go by, where that is not the primary key. */
  readonly index?: string
  /** Lock the rows, without waiting: rows that somebody else holds are left out. */
  readonly lock: boolean
}
export interface InsertShape {
  readonly table: string
  readonly columns: readonly string[]
  /** By column: what its row gets where the statement does not name it; `undefined`: it must be named. */
  readonly defaults: readonly (Value | undefined)[]
}
export interface UpdateShape {
  readonly table: string
  /** All of these must match, or the whole batch is rolled back: the compare of compare-and-set. */
  readonly keys: readonly string[]
  readonly set: readonly string[]
  /** SQL types of keys then set, for JSON_TABLE. */
  readonly types: readonly ColumnType[]
}

export interface Select {
  readonly kind: 'select'
  readonly shape: SelectShape
  readonly ids: readonly string[]
}
export interface Insert {
  readonly kind: 'insert'
  readonly shape: InsertShape
  readonly rows: readonly (readonly Value[])[]
}
export interface Update {
  readonly kind: 'update'
  readonly shape: UpdateShape
  readonly rows: readonly (readonly Value[])[]
}
export interface Delete {
  readonly kind: 'delete'
  readonly shape: DeleteShape
  /** Numbers, in any order, each once. */
  readonly rows: readonly number[]
}
export interface DeleteShape {
  readonly table: string
  /** A numeric primary key. */
  readonly key: string
}
/** Rows made by the engine out of rows that it has, by the numbers of those. */
export interface Copy {
  readonly kind: 'copy'
  readonly shape: CopyShape
  /** Numbers, in any order, each once. */
  readonly rows: readonly number[]
}
export interface CopyShape {
  /** By engine: INSERT INTO … SELECT … FROM … WHERE a condition, which is narrowed to the rows. */
  readonly text: Readonly<Record<Dialect, string>>
  /** A numeric primary key of what is copied. */
  readonly key: string
}
/** What a family of combined requests writes. */
export type Write = Insert | Update
/** What a lane can write. */
export type LaneWrite = Write | Delete | Copy

/** Rows that these writes touch. */
export function rowsOf(writes: readonly LaneWrite[]): number {
  let rows = 0
  for (const write of writes) rows += write.rows.length
  return rows
}

/** Rows by key, sorted by it so that all lock in one order. `ids` may repeat and may be in any order. */
export function selectByKey(shape: SelectShape): (ids: Iterable<string>) => Select {
  return ids => ({ kind: 'select', shape, ids: [...new Set(ids)].sort() })
}

/**
 * Rows with the columns in this order. `defaults`: what the schema says of columns that mostly hold it; a batch
 * whose rows all do leaves the column out, which spares both sides a good part of its text.
 */
export function insertInto(
  table: string,
  columns: readonly string[],
  defaults: Readonly<Record<string, Value>> = {},
): (rows: readonly (readonly Value[])[]) => Insert {
  const shape = { table, columns, defaults: columns.map(column => defaults[column]) }
  return rows => ({ kind: 'insert', shape, rows })
}

/** Places of the columns in which some row holds something else than `defaults` say; `undefined`: always named. */
export function namedColumns(
  { columns }: InsertShape,
  rows: Insert['rows'],
  defaults: InsertShape['defaults'],
): number[] {
  const named: number[] = []
  for (let j = 0; j < columns.length; j++) {
    const value = defaults[j]
    if (value === undefined || rows.some(row => row[j] !== value)) named.push(j)
  }
  return named
}

/**
 * Updates by key: rows are `[...keys, ...set]`, values absolute (they were read under the lock).
 * Every row must be found, else the transaction is rolled back with `guard`.
 */
export function updateByKey(
  table: string,
  keys: Readonly<Record<string, ColumnType>>,
  set: Readonly<Record<string, ColumnType>>,
): (rows: readonly (readonly Value[])[]) => Update {
  const shape: UpdateShape = {
    table,
    keys: Object.keys(keys),
    set: Object.keys(set),
    types: [...Object.values(keys), ...Object.values(set)],
  }
  return rows => ({ kind: 'update', shape, rows })
}

/** Deletes by number; a row that is not there is no failure. */
export function deleteByNumber(table: string, key: string): (rows: readonly number[]) => Delete {
  const shape = { table, key }
  return rows => ({ kind: 'delete', shape, rows })
}

export function copyByNumber(shape: CopyShape): (rows: readonly number[]) => Copy {
  return rows => ({ kind: 'copy', shape, rows })
}

/**
 * Whole numbers as runs without a gap, in order. What was made together has numbers in a row, so a thousand of them
 * are a few runs, where a list of each would cost the engine more than the rows.
 */
export function runsOfNumbers(numbers: readonly number[]): [from: number, to: number][] {
  const runs: [number, number][] = []
  for (const number of Float64Array.from(numbers).sort()) {
    const last = runs.at(-1)
    if (last !== undefined && number <= last[1] + 1) last[1] = number
    else runs.push([number, number])
  }
  return runs
}
