// What an error of an engine means to us, whichever engine it came from.

import type { SampleKind } from '../../resilience/detector.ts'
import { REFUSED_CODES } from '../health/refused-codes.ts'

/**
 * - `conflict`: somebody was faster (duplicate key, deadlock, lock wait, stale snapshot): rolled back, retry whole
 * - `guard`: an update did not find its row, or a constraint of the schema was hit: a bug or a poisoned request
 * - `connection`: the engine cannot be reached, or the connection broke
 * - `full`: there is no room for what should be written: undone, and the connection is as good as before
 * - `other`: anything else
 */
export type Trouble = 'conflict' | 'guard' | 'connection' | 'full' | 'other'

const MYSQL_CONFLICTS = new Set([1062, 1205, 1213, 1020, 3572])
/** 1242 our guard; 4025/3819 CHECK; 1690 out of range; 1048 NULL; 1264 range; 1406 too long; 1451/1452 foreign key. */
const MYSQL_GUARDS = new Set([1242, 4025, 3819, 1690, 1048, 1264, 1406, 1451, 1452])
/** 1040 too many connections, 1053 shutdown, 1290 read-only, 1836 read-only, 1927 killed, 3168/3169 gone. */
const MYSQL_CONNECTION = new Set([
  1040, 1053, 1152, 1153, 1158, 1159, 1160, 1161, 1290, 1836, 1927, 3168, 3169,
])
/** 1021 disk full, 1114 table full: the server says so before anything of the statement is kept. */
const MYSQL_FULL = new Set([1021, 1114])
const NODE_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'PROTOCOL_CONNECTION_LOST',
  'PROTOCOL_SEQUENCE_TIMEOUT',
  'POOL_CLOSED',
])
/** SQLite primary result codes. */
const SQLITE_BUSY = 5
const SQLITE_LOCKED = 6
const SQLITE_FULL = 13
const SQLITE_CONSTRAINT = 19
const SQLITE_DUPLICATES = new Set([1555, 2067, 2579])

interface EngineError {
  errno?: number
  code?: string
  errcode?: number
  fatal?: boolean
}

export function trouble(error: unknown): Trouble {
  if (!(error instanceof Error)) return 'other'
  const { errno, code, errcode, fatal } = error as EngineError
  if (errcode !== undefined) return sqliteTrouble(errcode)
  if (error instanceof GuardFailed) return 'guard'
  if (code !== undefined && NODE_CODES.has(code)) return 'connection'
  if (errno !== undefined) {
    if (MYSQL_CONFLICTS.has(errno)) return 'conflict'
    if (MYSQL_GUARDS.has(errno)) return 'guard'
    if (MYSQL_CONNECTION.has(errno)) return 'connection'
    if (MYSQL_FULL.has(errno)) return 'full'
  }
  if (fatal || /closed state|Connection lost|Pool is closed/.test(error.message)) return 'connection'
  return 'other'
}

function sqliteTrouble(errcode: number): Trouble {
  if (SQLITE_DUPLICATES.has(errcode)) return 'conflict'
  const primary = errcode & 0xff
  if (primary === SQLITE_BUSY || primary === SQLITE_LOCKED) return 'conflict'
  if (primary === SQLITE_FULL) return 'full'
  return primary === SQLITE_CONSTRAINT ? 'guard' : 'other'
}

/** The server says of itself that it takes no writes, or is about to end. */
const WRONG_ROLE = new Set([1290, 1836])
const ENDING = new Set([1053, 1927])
/** 1026 error writing file, 3 and 20 the same of a temporary one. */
const FULL = new Set([...MYSQL_FULL, 1026, 3, 20])
const HUNG = new Set(['ETIMEDOUT', 'PROTOCOL_SEQUENCE_TIMEOUT'])

/** What it says of the server's health that a statement or a connection failed so. A deadlock, a lock wait, a full house of connections: it is there. */
export function sampleOf(error: unknown): SampleKind {
  const { errno, code, cause } = error as EngineError & { cause?: unknown }
  if (errno !== undefined) {
    if (WRONG_ROLE.has(errno)) return 'wrong_role'
    if (FULL.has(errno)) return 'full'
    if (ENDING.has(errno)) return 'refused'
  }
  if (code !== undefined && REFUSED_CODES.has(code)) return 'refused'
  if (code !== undefined && HUNG.has(code)) return 'hung'
  if (cause instanceof Error) return sampleOf(cause)
  return trouble(error) === 'connection' && errno !== 1040 ? 'broke' : 'ok'
}

/** An update of a batch did not find exactly its row. */
export class GuardFailed extends Error {
  override readonly name = 'GuardFailed'
}

/** COMMIT was sent and its answer never came: it may have happened. Look it up, never guess. */
export class CommitUnknown extends Error {
  override readonly name = 'CommitUnknown'
}

/** The engine cannot be reached and nothing was written. */
export class LedgerUnavailable extends Error {
  override readonly name = 'LedgerUnavailable'
}

/** The ledger cannot be asked, has no room, or did not say what became of it. */
export function isAway(error: unknown): boolean {
  return error instanceof CommitUnknown || wroteNothing(error)
}

/** Nothing was written, and that is nobody's fault who asked: it can be asked again later. */
export function wroteNothing(error: unknown): boolean {
  if (error instanceof LedgerUnavailable) return true
  const kind = trouble(error)
  return kind === 'connection' || kind === 'full'
}
