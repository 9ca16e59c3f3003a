// Statements as MySQL/MariaDB text. Values become literals, so that a batch is one round trip.

import {
  type Copy,
  type Delete,
  type Insert,
  type LaneWrite,
  namedColumns,
  runsOfNumbers,
  type Select,
  type Update,
  type Value,
} from './statements.ts'

/**
 * A literal. Safe with `utf8mb4` connections whose sql_mode lacks NO_BACKSLASH_ESCAPES, which is what
 * `mysql-ledger.ts` sets on every connection.
 */
export function literal(value: Value): string {
  if (value === null) return 'NULL'
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError('not a finite number')
    return String(value)
  }
  return `'${SPECIAL.test(value) ? value.replace(ALL_SPECIAL, escapeOne) : value}'`
}
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are exactly the characters to escape
const SPECIAL = /['\\\0\n\r\x1a]/
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are exactly the characters to escape
const ALL_SPECIAL = /['\\\0\n\r\x1a]/g
const ESCAPES: Record<string, string> = {
  "'": "\\'",
  '\\': '\\\\',
  '\0': '\\0',
  '\n': '\\n',
  '\r': '\\r',
  '\x1a': '\\Z',
}
const escapeOne = (char: string): string => ESCAPES[char] ?? char

export function renderSelect({ shape, ids }: Select): string {
  // No ids: a select of nothing, so that result sets keep their places.
  if (ids.length === 0) return `SELECT ${shape.columns} FROM ${shape.from} WHERE 1 = 0`
  const list = ids.map(literal).join(',')
  // The index is forced: past 200 ids the planner may prefer a scan, which would lock every row.
  const index = shape.index ?? 'PRIMARY'
  const body = `SELECT ${shape.columns} FROM ${shape.from} FORCE INDEX (${index}) WHERE ${shape.key} IN (${list})`
  return shape.lock ? `${body} ORDER BY ${shape.key} FOR UPDATE SKIP LOCKED` : body
}

/** Locks rows or fails at once (error 1205 or 3572) if somebody holds one of them. Returns one number. */
export function renderLock({ shape, ids }: Select): string {
  if (ids.length === 0) return 'DO 0'
  const from = `FROM ${shape.from} FORCE INDEX (PRIMARY) WHERE ${shape.key} IN (${ids.map(literal).join(',')})`
  return `SELECT COUNT(*) FROM (SELECT 1 ${from} ORDER BY ${shape.key} FOR UPDATE NOWAIT) locked`
}

/** The write, followed for updates by a guard that fails (error 1242) unless every row was found. */
export function renderWrite(write: LaneWrite): string[] {
  if (write.rows.length === 0) return []
  if (write.kind === 'insert') return [renderInsert(write)]
  if (write.kind === 'update') return renderUpdate(write)
  return write.kind === 'delete' ? renderDelete(write) : renderCopy(write)
}

/** Conditions in one statement. */
const RUNS_MOST = 200

function renderDelete({ shape, rows }: Delete): string[] {
  return conditions(shape.key, rows).map(numbers => `DELETE FROM ${shape.table} WHERE ${numbers}`)
}

function renderCopy({ shape, rows }: Copy): string[] {
  return conditions(shape.key, rows).map(numbers => `${shape.text.mysql} AND (${numbers})`)
}

/** Rows by number, so many statements as they take. */
function conditions(key: string, rows: readonly number[]): string[] {
  const runs = runsOfNumbers(rows).map(([from, to]) => `${key} BETWEEN ${from} AND ${to}`)
  const texts: string[] = []
  for (let at = 0; at < runs.length; at += RUNS_MOST) texts.push(runs.slice(at, at + RUNS_MOST).join(' OR '))
  return texts
}

function renderInsert({ shape, rows }: Insert): string {
  const named = namedColumns(shape, rows, shape.defaults)
  let text = `INSERT INTO ${shape.table} (${named.map(j => shape.columns[j]).join(',')}) VALUES `
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!
    text += i === 0 ? '(' : ',('
    for (let k = 0; k < named.length; k++) {
      const value = literal(row[named[k]!]!)
      text += k === 0 ? value : `,${value}`
    }
    text += ')'
  }
  return text
}

/** Up to this many rows single updates are cheaper than a join with JSON_TABLE (measured: 3–5). */
const SINGLE_UPDATES = 4
const SQL_TYPES = { id: 'VARCHAR(191)', text: 'VARCHAR(1000)', int: 'BIGINT' } as const

function renderUpdate({ shape, rows }: Update): string[] {
  if (rows.length <= SINGLE_UPDATES) {
    return rows.flatMap(row => {
      const set = shape.set.map((column, i) => `${column}=${literal(row[shape.keys.length + i]!)}`).join(',')
      const where = shape.keys.map((column, i) => `${column}=${literal(row[i]!)}`).join(' AND ')
      return [`UPDATE ${shape.table} SET ${set} WHERE ${where}`, guard(1)]
    })
  }
  const columns = shape.types.map((type, i) => `c${i} ${SQL_TYPES[type]} PATH '$[${i}]'`).join(',')
  const on = shape.keys.map((column, i) => `t.${column}=j.c${i}`).join(' AND ')
  const set = shape.set.map((column, i) => `t.${column}=j.c${shape.keys.length + i}`).join(',')
  const json = literal(JSON.stringify(rows))
  return [
    `UPDATE JSON_TABLE(${json},'$[*]' COLUMNS(${columns})) j STRAIGHT_JOIN ${shape.table} t ON ${on} SET ${set}`,
    guard(rows.length),
  ]
}

/** Fails with 1242 (subquery returns more than one row) unless the statement before found `count` rows. */
function guard(count: number): string {
  return `SELECT IF(ROW_COUNT()=${count},1,(SELECT 1 UNION ALL SELECT 2))`
}
