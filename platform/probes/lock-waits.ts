// Who waits for whom: InnoDB's row locks with the connections behind them.

import type { Row } from './mysql-session.ts'
import { type MysqlFlavour, shapeOf } from './parse-mysql.ts'
import { numberOf } from './probe.ts'

/** Rows read at most: a crowd that waits for one row is told by a hundred of them as well. */
const WAITS_MOST = 200

export interface Party {
  /** The connection's number, as KILL takes it. */
  readonly threadId: number
  readonly transactionId: string
  /** By the server's clock and in its zone, `YYYY-MM-DD HH:MM:SS`. */
  readonly transactionStarted: string
  /** How long the transaction is open, seconds. */
  readonly transactionSeconds: number
  readonly user: string | null
  /** `host:port` of the client. */
  readonly host: string | null
  /** `Sleep`: nothing is asked of it at this moment. Null: it is not shown to us, or is gone. */
  readonly command: string | null
  /** Since the statement began, or since the last one ended where it sleeps; seconds. */
  readonly commandSeconds: number | null
  /** Seconds without a statement, in a transaction; null where one is at work. */
  readonly idleSeconds: number | null
  readonly rowsModified: number | null
  /** Its values are left out; null: none at this moment. */
  readonly statement: string | null
}

export interface LockWait {
  readonly victim: Party
  readonly blocker: Party
  /** How long the victim has waited, seconds, whole ones. */
  readonly waitedSeconds: number
  /** `` `levee`.`order_stock` ``, as the server writes it; null: not shown. */
  readonly table: string | null
  readonly index: string | null
}

const party = (prefix: 'v' | 'b'): string => `
  ${prefix}.trx_mysql_thread_id AS ${prefix}_thread, CAST(${prefix}.trx_id AS CHAR) AS ${prefix}_trx,
  CAST(${prefix}.trx_started AS CHAR) AS ${prefix}_started,
  TIMESTAMPDIFF(SECOND, ${prefix}.trx_started, NOW()) AS ${prefix}_open,
  ${prefix}.trx_rows_modified AS ${prefix}_modified, ${prefix}.trx_query AS ${prefix}_query,
  p${prefix}.user AS ${prefix}_user, p${prefix}.host AS ${prefix}_host,
  p${prefix}.command AS ${prefix}_command, p${prefix}.time AS ${prefix}_time`

const COLUMNS = `SELECT ${party('v')}, ${party('b')},
  TIMESTAMPDIFF(SECOND, v.trx_wait_started, NOW()) AS waited`

const people = (list: string): string => `
  LEFT JOIN ${list} pv ON pv.id = v.trx_mysql_thread_id
  LEFT JOIN ${list} pb ON pb.id = b.trx_mysql_thread_id`

const ORDER = `ORDER BY v.trx_wait_started LIMIT ${WAITS_MOST}`

/** MariaDB keeps what MySQL 8 has moved to performance_schema, which is off in MariaDB by default. */
const STATEMENTS: Readonly<Record<MysqlFlavour, (where: string) => string>> = {
  mariadb: where => `${COLUMNS}, l.lock_table AS lock_table, l.lock_index AS lock_index
  FROM information_schema.innodb_lock_waits w
  JOIN information_schema.innodb_trx v ON v.trx_id = w.requesting_trx_id
  JOIN information_schema.innodb_trx b ON b.trx_id = w.blocking_trx_id
  LEFT JOIN information_schema.innodb_locks l ON l.lock_id = w.requested_lock_id
  ${people('information_schema.processlist')} ${where} ${ORDER}`,
  mysql: where => `${COLUMNS},
  CONCAT('\`', l.object_schema, '\`.\`', l.object_name, '\`') AS lock_table, l.index_name AS lock_index
  FROM performance_schema.data_lock_waits w
  JOIN information_schema.innodb_trx v ON v.trx_id = w.requesting_engine_transaction_id
  JOIN information_schema.innodb_trx b ON b.trx_id = w.blocking_engine_transaction_id
  LEFT JOIN performance_schema.data_locks l ON l.engine_lock_id = w.requesting_engine_lock_id
  ${people('performance_schema.processlist')} ${where} ${ORDER}`,
}

/** All waits; with `blocker`, those for one connection's transaction: values are its thread and its transaction. */
export function lockWaitStatement(flavour: MysqlFlavour, only: 'all' | 'blocker' = 'all'): string {
  const where = only === 'all' ? '' : 'WHERE b.trx_mysql_thread_id = ? AND CAST(b.trx_id AS CHAR) = ?'
  return STATEMENTS[flavour](where)
}

export function parseLockWaits(rows: readonly Row[]): readonly LockWait[] {
  return rows.map(row => ({
    victim: partyOf(row, 'v'),
    blocker: partyOf(row, 'b'),
    // A wait that ended between two of the views is over: nothing was waited for that counts.
    waitedSeconds: Math.max(0, numberOf(row.waited) ?? 0),
    table: textOf(row.lock_table),
    index: textOf(row.lock_index),
  }))
}

function partyOf(row: Row, prefix: 'v' | 'b'): Party {
  const of = (name: string) => row[`${prefix}_${name}`]
  const command = textOf(of('command'))
  const commandSeconds = numberOf(of('time'))
  const statement = textOf(of('query'))
  return {
    threadId: Number(of('thread')),
    transactionId: String(of('trx')),
    transactionStarted: String(of('started')),
    transactionSeconds: Math.max(0, Number(of('open'))),
    user: textOf(of('user')),
    host: textOf(of('host')),
    command,
    commandSeconds,
    idleSeconds: command === 'Sleep' ? commandSeconds : null,
    rowsModified: numberOf(of('modified')),
    statement: statement === null ? null : shapeOf(statement),
  }
}

const textOf = (value: string | number | null | undefined): string | null =>
  value === null || value === undefined ? null : String(value)

/** Those who block others and wait for nobody themselves: who has to end for the others to go on. Longest-waited-for first. */
export function rootBlockers(waits: readonly LockWait[]): readonly Party[] {
  const waiting = new Set(waits.map(({ victim }) => victim.threadId))
  const roots = new Map<number, { party: Party; waited: number }>()
  for (const { blocker, waitedSeconds } of waits) {
    if (waiting.has(blocker.threadId)) continue
    const waited = Math.max(waitedSeconds, roots.get(blocker.threadId)?.waited ?? 0)
    roots.set(blocker.threadId, { party: blocker, waited })
  }
  return [...roots.values()].sort((a, b) => b.waited - a.waited).map(({ party }) => party)
}
