// How connections to MariaDB and MySQL are made and set up.

import type { Connection, PoolConnection } from 'mysql2'
import type { SampleKind } from '../../resilience/detector.ts'

export interface MysqlOptions {
  /** `mysql://user:password@host:port/database` */
  readonly url: string
  /** Most connections for reads and whole transactions; lanes come on top, one each. */
  readonly poolSize: number
  /** Longest wait for a row lock, ms; the engine counts in whole seconds. */
  readonly lockWait: number
  /** Longest wait for a new connection, ms. */
  readonly connectTimeout?: number
  /** A replica of it, for reads while it is away; its user and password are those of `url` where it names none. Empty: there is none. */
  readonly replicaUrl?: string
  /** Told what statements came to, and after how many ms. */
  readonly note?: (kind: SampleKind, ms: number) => void
  /** Told what the primary's clock showed, epoch ms, between two moments of `performance.now()`. */
  readonly heardTime?: (at: number, asked: number, answered: number) => void
}

export const CONNECT_TIMEOUT_MS = 3_000

/**
 * READ COMMITTED: every decision locks its rows first, and without gap locks neighbours do not block. Set by the
 * statement that all versions of both engines know: the variable's name differs.
 * Strict mode without NO_BACKSLASH_ESCAPES, which `render-mysql.ts` relies on.
 */
export function sessionSetup(lockWait: number): readonly string[] {
  const seconds = Math.max(1, Math.ceil(lockWait / 1000))
  return [
    'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
    "SET SESSION sql_mode='STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO', " +
      `SESSION innodb_lock_wait_timeout=${seconds}, SESSION time_zone='+00:00'`,
  ]
}

/** Queued before anything the caller sends; a connection that cannot be set up is of no use. */
export function setUp(connection: Connection | PoolConnection, lockWait: number): void {
  for (const statement of sessionSetup(lockWait))
    connection.query(statement, error => error && connection.destroy())
}

/** Where the server is, and who asks. */
export function serverOf({ url: text }: MysqlOptions) {
  const url = new URL(text)
  return {
    host: url.hostname,
    port: Number(url.port || 3306),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: url.pathname.slice(1),
  }
}

/** A replica's address with the primary's user and password, where it has none of its own. */
export function withCredentials(url: string, from: string): string {
  const own = new URL(url)
  const theirs = new URL(from)
  if (own.username === '') {
    own.username = theirs.username
    own.password = theirs.password
  }
  if (own.pathname.length <= 1) own.pathname = theirs.pathname
  return own.href
}

export function connectionOptions(options: MysqlOptions) {
  return {
    ...serverOf(options),
    charset: 'utf8mb4',
    connectTimeout: options.connectTimeout ?? CONNECT_TIMEOUT_MS,
    flags: ['FOUND_ROWS'],
  }
}
