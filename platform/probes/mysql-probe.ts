// How a MariaDB (10.6 or later) or MySQL (8.4 or later) is, by its own words. Each question fails by itself: who may not see the
// transactions can still tell whether the server answers.

import { type LockWait, lockWaitStatement, parseLockWaits } from './lock-waits.ts'
import { type Ask, type MysqlProbeOptions, MysqlSession, named } from './mysql-session.ts'
import {
  flavourOf,
  type MysqlVitals,
  parseReplication,
  parseVitals,
  type Replication,
  STATUS_NAMES,
  VARIABLE_NAMES,
} from './parse-mysql.ts'
import { numberOf } from './probe.ts'

/** Table spaces that are named, largest first: what fills a disk is among them. */
const SPACES_MOST = 50

export interface MysqlReading extends MysqlVitals {
  /** SELECT 1 there and back, ms. */
  readonly ping: number
  /** Connection and greeting, ms; null: the connection of the reading before was used. */
  readonly connect: number | null
}

export interface TableSpaces {
  readonly largest: readonly { readonly name: string; readonly bytes: number }[]
  readonly count: number
  /** Of all of them. */
  readonly bytes: number
  /** Of the binary logs; null: it keeps none. */
  readonly binaryLogs: readonly BinaryLog[] | null
}

export interface LogPosition {
  readonly log: string
  readonly position: number
  /** Of all transactions in it; empty where it gives them none. */
  readonly gtid: string
}

export interface BinaryLog {
  readonly name: string
  readonly bytes: number
}

/** Every function throws ProbeFailed. */
export interface MysqlProbe {
  vitals(signal: AbortSignal): Promise<MysqlReading>
  /** Who waits for a row, and for whom; longest first. InnoDB shows an old picture to whoever asks within 0.1 s of the last asking. */
  lockWaits(signal: AbortSignal): Promise<readonly LockWait[]>
  /** One for each source; none: it is no replica. */
  replication(signal: AbortSignal): Promise<readonly Replication[]>
  /** Where its own log ends: a replica that has applied up to there has everything. Null: it keeps no binary log. */
  logPosition(signal: AbortSignal): Promise<LogPosition | null>
  /** Reads through the list of all tables: once a minute is plenty. */
  tableSpaces(signal: AbortSignal): Promise<TableSpaces>
  close(): void
}

export function openMysqlProbe(options: MysqlProbeOptions): MysqlProbe {
  const session = new MysqlSession(options)
  return {
    vitals: signal =>
      session.run(signal, async (ask, connect) => {
        const began = performance.now()
        await ask('SELECT 1')
        const ping = performance.now() - began
        const status = named(await ask(`SHOW GLOBAL STATUS WHERE Variable_name IN (${quoted(STATUS_NAMES)})`))
        const variables = named(
          await ask(`SHOW GLOBAL VARIABLES WHERE Variable_name IN (${quoted(VARIABLE_NAMES)})`),
        )
        const counted = status.has('innodb_deadlocks') ? null : await deadlocksOf(ask)
        return { ...parseVitals(status, variables, counted), ping, connect }
      }),
    lockWaits: signal =>
      session.run(signal, async ask => {
        return parseLockWaits(await ask(lockWaitStatement(await flavour(ask))))
      }),
    replication: signal =>
      session.run(signal, async ask => (await ask('SHOW REPLICA STATUS')).map(parseReplication)),
    logPosition: signal => session.run(signal, positionOf),
    tableSpaces: signal => session.run(signal, spacesOf),
    close: () => session.close(),
  }
}

/** Constants of this program. */
const quoted = (names: readonly string[]): string => names.map(name => `'${name}'`).join(',')

export async function flavour(ask: Ask) {
  const [row] = await ask('SELECT VERSION() AS version')
  return flavourOf(String(row?.version))
}

async function deadlocksOf(ask: Ask): Promise<number | null> {
  const rows = await ask(
    "SELECT count AS counted FROM information_schema.innodb_metrics WHERE name = 'lock_deadlocks'",
  )
  return numberOf(rows[0]?.counted)
}

async function positionOf(ask: Ask): Promise<LogPosition | null> {
  const isMariadb = (await flavour(ask)) === 'mariadb'
  const [row] = await ask(isMariadb ? 'SHOW MASTER STATUS' : 'SHOW BINARY LOG STATUS')
  if (row === undefined) return null
  const [of] = await ask(`SELECT @@global.${isMariadb ? 'gtid_binlog_pos' : 'gtid_executed'} AS gtid`)
  return { log: String(row.File), position: Number(row.Position), gtid: String(of?.gtid ?? '') }
}

async function spacesOf(ask: Ask): Promise<TableSpaces> {
  const list = (await flavour(ask)) === 'mariadb' ? 'innodb_sys_tablespaces' : 'innodb_tablespaces'
  const [total] = await ask(
    `SELECT COUNT(*) AS spaces, COALESCE(SUM(file_size), 0) AS bytes FROM information_schema.${list}`,
  )
  const largest = await ask(
    `SELECT name, file_size AS bytes FROM information_schema.${list} ORDER BY file_size DESC LIMIT ${SPACES_MOST}`,
  )
  return {
    largest: largest.map(({ name, bytes }) => ({ name: String(name), bytes: Number(bytes) })),
    count: Number(total?.spaces),
    bytes: Number(total?.bytes),
    binaryLogs: await binaryLogsOf(ask),
  }
}

/** Null: it keeps none. */
export async function binaryLogsOf(ask: Ask): Promise<readonly BinaryLog[] | null> {
  const [row] = await ask('SELECT @@global.log_bin AS kept')
  if (Number(row?.kept) === 0) return null
  return (await ask('SHOW BINARY LOGS')).map(log => ({
    name: String(log.Log_name),
    bytes: Number(log.File_size),
  }))
}
