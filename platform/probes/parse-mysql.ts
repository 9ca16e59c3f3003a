// Answers of MariaDB and MySQL, each in its own words, as one. Pure.

import type { Row } from './mysql-session.ts'
import { numberOf } from './probe.ts'

export type MysqlFlavour = 'mariadb' | 'mysql'

export const flavourOf = (version: string): MysqlFlavour => (/mariadb/i.test(version) ? 'mariadb' : 'mysql')

export interface MysqlVitals {
  readonly flavour: MysqlFlavour
  readonly version: string
  /** It takes no writes, or only those of an administrator. */
  readonly readOnly: boolean | null
  /** Seconds since it started. */
  readonly uptime: number | null
  readonly connections: {
    readonly used: number | null
    readonly most: number | null
    /** Used of most. */
    readonly ratio: number | null
    readonly highest: number | null
    /** Statements at work at this moment, this one among them. */
    readonly running: number | null
    /** Turned away because there were too many, since the start. */
    readonly refused: number | null
  }
  /** Counted since the start. */
  readonly locks: {
    readonly deadlocks: number | null
    readonly waits: number | null
    /** Transactions that wait for a row at this moment. */
    readonly waiting: number | null
  }
  /** Counted since the start. */
  readonly statements: {
    readonly all: number | null
    readonly slow: number | null
    /** From how many seconds on one counts as slow. */
    readonly slowFrom: number | null
  }
}

export const STATUS_NAMES = [
  ...['Uptime', 'Threads_connected', 'Threads_running', 'Max_used_connections', 'Questions', 'Slow_queries'],
  ...['Innodb_deadlocks', 'Innodb_row_lock_waits', 'Innodb_row_lock_current_waits'],
  'Connection_errors_max_connections',
]
export const VARIABLE_NAMES = [
  'version',
  'read_only',
  'super_read_only',
  'max_connections',
  'long_query_time',
]

/** `deadlocks`: where the status has no counter of them (MySQL keeps it among InnoDB's metrics). */
export function parseVitals(
  status: ReadonlyMap<string, string>,
  variables: ReadonlyMap<string, string>,
  deadlocks: number | null,
): MysqlVitals {
  const number = (name: string): number | null => numberOf(status.get(name))
  const version = variables.get('version') ?? ''
  const used = number('threads_connected')
  const most = numberOf(variables.get('max_connections'))
  return {
    flavour: flavourOf(version),
    version,
    readOnly: isOn(variables.get('read_only')),
    uptime: number('uptime'),
    connections: {
      used,
      most,
      ratio: used === null || most === null || most === 0 ? null : used / most,
      highest: number('max_used_connections'),
      running: number('threads_running'),
      refused: number('connection_errors_max_connections'),
    },
    locks: {
      deadlocks: number('innodb_deadlocks') ?? deadlocks,
      waits: number('innodb_row_lock_waits'),
      waiting: number('innodb_row_lock_current_waits'),
    },
    statements: {
      all: number('questions'),
      slow: number('slow_queries'),
      slowFrom: numberOf(variables.get('long_query_time')),
    },
  }
}

/** Newer servers know more kinds of read-only than ON. */
const isOn = (value: string | undefined): boolean | null =>
  value === undefined ? null : value !== 'OFF' && value !== '0'

export interface Replication {
  /** Whether it reads the source's log, and whether it applies what it has read. */
  readonly reading: boolean
  readonly applying: boolean
  /** Null: it does not know, as it is not replicating. */
  readonly secondsBehind: number | null
  /** `host:port` */
  readonly source: string
  /** What was applied: every log of the source before this one is no longer needed here. */
  readonly appliedLog: string
  readonly appliedPosition: number | null
  readonly readLog: string
  readonly readPosition: number | null
  readonly gtid: string
  /** Last errors of either part, empty where there was none. */
  readonly readError: string
  readonly applyError: string
}

/** Of one row of SHOW REPLICA STATUS, whose columns have either old or new names. */
export function parseReplication(row: Row): Replication {
  const text = (...names: readonly string[]): string =>
    String(names.map(name => row[name]).find(value => value !== undefined && value !== null) ?? '')
  return {
    reading: text('Slave_IO_Running', 'Replica_IO_Running') === 'Yes',
    applying: text('Slave_SQL_Running', 'Replica_SQL_Running') === 'Yes',
    secondsBehind: numberOf(text('Seconds_Behind_Master', 'Seconds_Behind_Source')),
    source: `${text('Master_Host', 'Source_Host')}:${text('Master_Port', 'Source_Port')}`,
    appliedLog: text('Relay_Master_Log_File', 'Relay_Source_Log_File'),
    appliedPosition: numberOf(text('Exec_Master_Log_Pos', 'Exec_Source_Log_Pos')),
    readLog: text('Master_Log_File', 'Source_Log_File'),
    readPosition: numberOf(text('Read_Master_Log_Pos', 'Read_Source_Log_Pos')),
    gtid: text('Gtid_IO_Pos', 'Executed_Gtid_Set'),
    readError: errorOf(text('Last_IO_Errno'), text('Last_IO_Error')),
    applyError: errorOf(text('Last_SQL_Errno'), text('Last_SQL_Error')),
  }
}

const errorOf = (number: string, text: string): string =>
  number === '' || number === '0' ? '' : `${number}: ${text}`

/** Characters of a statement that are kept: which tables and which way shows in the first line. */
const SHAPE_LENGTH = 300

/** A statement without the values in it, which are customers'. */
export function shapeOf(statement: string): string {
  return statement
    .replace(/'(?:[^'\\]|\\.|'')*'?|"(?:[^"\\]|\\.|"")*"?/gs, '?')
    .replace(/\b(?:0x[0-9a-f]+|\d+(?:\.\d+)?(?:e[+-]?\d+)?)\b/gi, '?')
    .replace(/\(\s*\?(?:\s*,\s*\?)+\s*\)/g, '(?, …)')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, SHAPE_LENGTH)
}
