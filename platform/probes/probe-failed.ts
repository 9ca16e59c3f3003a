// Why a probe has nothing to say. The caller takes it for "blind": what it would have read is unknown, never zero.

import { TimeoutError } from '@platformatic/kafka'
import { REFUSED_CODES } from '../health/refused-codes.ts'
import { OverTime } from '../within.ts'

/**
 * - `refused`: nobody takes the connection
 * - `hung`: no answer within the time limit
 * - `denied`: it answers, and does not let us: user, password or right
 * - `gone`: what was asked about is not there (any more): a process, a file, a topic
 * - `broke`: anything else, such as a connection that ended or an answer nobody understands
 */
export type FailureKind = 'refused' | 'hung' | 'denied' | 'gone' | 'broke'

export class ProbeFailed extends Error {
  override readonly name = 'ProbeFailed'
  readonly kind: FailureKind

  constructor(kind: FailureKind, message: string, options?: ErrorOptions) {
    super(message, options)
    this.kind = kind
  }
}

/** Redis's own words. */
const REDIS_DENIES = /^(WRONGPASS|NOAUTH|NOPERM|ERR AUTH|ERR invalid password)\b/
/** Wrong user or password, no right to this database, table, column, routine, statement; account locked. */
const MYSQL_DENIES = new Set([1044, 1045, 1142, 1143, 1227, 1370, 1698, 3118, 4151])
const GONE_CODES = new Set(['ENOENT', 'ESRCH'])
const DENIED_CODES = new Set(['EACCES', 'EPERM'])

/** `what` was read, such as `Redis`; `secrets` must not be shown. */
export function probeFailure(what: string, error: unknown, secrets: readonly string[] = []): ProbeFailed {
  if (error instanceof ProbeFailed) return error
  const deepest = innermost(error)
  const kind = kindOf(error)
  const shown = secrets.reduce((text, secret) => text.replaceAll(secret, '[redacted]'), deepest.message)
  // The cause is left out: a driver's error carries its options, passwords with them.
  return new ProbeFailed(kind, `${what}: ${shown || kind}`)
}

function kindOf(error: unknown): FailureKind {
  const chain = nested(error)
  for (const each of chain) {
    const { code = '', errno } = each as NodeJS.ErrnoException
    if (each instanceof OverTime || each instanceof TimeoutError) return 'hung'
    if (REDIS_DENIES.test(each.message) || MYSQL_DENIES.has(errno ?? 0)) return 'denied'
    if (REFUSED_CODES.has(code)) return 'refused'
    if (code === 'ETIMEDOUT' || code === 'PROTOCOL_SEQUENCE_TIMEOUT') return 'hung'
    if (DENIED_CODES.has(code)) return 'denied'
    if (GONE_CODES.has(code)) return 'gone'
  }
  return 'broke'
}

/** The error and what it holds, outermost first. */
function nested(error: unknown): Error[] {
  if (!(error instanceof Error)) return []
  const inner = [error.cause, ...(error instanceof AggregateError ? error.errors : [])]
  return [error, ...inner.flatMap(nested)]
}

const innermost = (error: unknown): Error => nested(error).at(-1) ?? new Error(String(error))
