// How Levee runs a MariaDB of its own, as pure text.

import path from 'node:path'
import type { Passwords } from '../engine.ts'

export interface MariadbSettings {
  /** Holds everything of the server: `data/`, its log, its socket. */
  readonly folder: string
  readonly port: number
  /** Memory for cached rows, MiB. */
  readonly bufferPool: number
  readonly maxConnections: number
  /** Longest wait for a row lock, whole seconds; sessions may ask for less. */
  readonly lockWait: number
  /** Added at the end, so they win: `--server-id=2`. */
  readonly extra: readonly string[]
}

/** What may be chosen; the rest is as in DEFAULTS. */
export type MariadbOptions = Partial<Omit<MariadbSettings, 'folder' | 'port'>>

export const DEFAULTS = {
  /** The whole December and its indexes fit; small beside a laptop's memory. */
  bufferPool: 256,
  /** A split shop holds some seventy, and the tests have several at once. */
  maxConnections: 500,
  /** As `ledger.lockWait`. */
  lockWait: 2,
} as const

/** Bytes compare as bytes, and trailing blanks count: stock codes differ in case, and ids must not be padded. */
export const COLLATION = 'utf8mb4_nopad_bin'

export const dataFolder = (folder: string): string => path.join(folder, 'data')
export const temporaryFolder = (folder: string): string => path.join(folder, 'tmp')
export const initFile = (folder: string): string => path.join(folder, 'init.sql')

export function serverOptions(settings: MariadbSettings, isRoot: boolean): string[] {
  return [
    '--no-defaults',
    `--datadir=${dataFolder(settings.folder)}`,
    ...(isRoot ? ['--user=root'] : []),
    `--port=${settings.port}`,
    '--bind-address=127.0.0.1',
    // Relative to the data folder: a full path may be longer than the 107 bytes a socket's name can have.
    '--socket=m.sock',
    // Its own: a server that starts removes the temporary tables of all others in the folder it is given.
    `--tmpdir=${temporaryFolder(settings.folder)}`,
    '--skip-name-resolve',
    '--skip-log-bin',
    // A commit that was answered survives a crash of machine and server: the benchmarks are honest about it.
    '--innodb-flush-log-at-trx-commit=1',
    `--innodb-buffer-pool-size=${settings.bufferPool}M`,
    `--innodb-lock-wait-timeout=${settings.lockWait}`,
    `--max-connections=${settings.maxConnections}`,
    '--character-set-server=utf8mb4',
    `--collation-server=${COLLATION}`,
    // On by default from 11.6, unknown to old servers (`loose` makes them ignore it): locking reads come first here.
    '--loose-innodb-snapshot-isolation=OFF',
    `--init-file=${initFile(settings.folder)}`,
    ...settings.extra,
  ]
}

/**
 * SQL the server runs at every start, before it listens: the database, its user, an administrator. One statement
 * a line, as `--init-file` wants it. The user may make databases named `levee_…` (tests use one a suite).
 */
export function initSql({ levee, admin }: Passwords): string {
  return [
    `CREATE DATABASE IF NOT EXISTS levee CHARACTER SET utf8mb4 COLLATE ${COLLATION};`,
    ...user('levee', levee),
    "GRANT ALL PRIVILEGES ON `levee`.* TO 'levee'@'%';",
    "GRANT ALL PRIVILEGES ON `levee\\_%`.* TO 'levee'@'%';",
    ...user('levee_admin', admin),
    "GRANT ALL PRIVILEGES ON *.* TO 'levee_admin'@'%' WITH GRANT OPTION;",
    // Made without a password by the initialiser.
    "ALTER USER IF EXISTS 'root'@'localhost' ACCOUNT LOCK;",
    "DROP USER IF EXISTS 'root'@'127.0.0.1', 'root'@'::1';",
    '',
  ].join('\n')
}

/** Passwords are generated hexadecimal digits: nothing in them needs quoting. */
const user = (name: string, password: string): string[] => [
  `CREATE USER IF NOT EXISTS '${name}'@'%' IDENTIFIED BY '${password}';`,
  `ALTER USER '${name}'@'%' IDENTIFIED BY '${password}';`,
]

export const ledgerUrl = (port: number, passwords: Passwords): string =>
  `mysql://levee:${passwords.levee}@127.0.0.1:${port}/levee`
export const administratorUrl = (port: number, passwords: Passwords): string =>
  `mysql://levee_admin:${passwords.admin}@127.0.0.1:${port}/levee`
