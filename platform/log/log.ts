// The log: JSON lines, without secrets.

import {
  type Bindings,
  type ChildLoggerOptions,
  type DestinationStream,
  destination,
  type Logger,
  pino,
  stdSerializers,
} from 'pino'
import type { Config } from '../config/settings.ts'
import { redact } from './redact.ts'

export type Log = Logger

export interface LogOptions {
  readonly level: Config['log.level']
  /** Which part of Levee speaks, as the field `name`. */
  readonly name: string
  /** Default stdout. A command whose result goes to stdout logs to stderr. Tests hand in a stream. */
  readonly to?: 'stdout' | 'stderr' | DestinationStream
}

/** Writes without waiting for the disk; what is pending is written when the process ends in order. */
export function createLog({ level, name, to = 'stdout' }: LogOptions): Log {
  const stream = typeof to === 'string' ? destination({ fd: to === 'stdout' ? 1 : 2, sync: false }) : to
  const log = pino(
    {
      level,
      name,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: label => ({ level: label }), log: fields => redact(withPlainErrors(fields)) },
      // Errors are plain by then; pino's own serializer would take them for errors of the type Object.
      serializers: { err: plain => plain },
    },
    stream,
  )
  // Pino shows the fields of a child logger to no formatter, so they are cleaned on their way in. Children
  // inherit this function; `this` is whichever logger is asked.
  const child = log.child
  log.child = function <L extends string>(
    this: Log,
    bindings: Bindings,
    options?: ChildLoggerOptions<L>,
  ): Logger<L> {
    return Reflect.apply(child<L>, this, [redact(bindings), options])
  }
  return log
}

/**
 * Errors carry secrets too (a driver's options, a request's headers): made plain first, so that they are seen. A driver's
 * statement holds the values of customers, and says nothing that the message does not.
 */
function withPlainErrors(fields: Record<string, unknown>): Record<string, unknown> {
  let copy: Record<string, unknown> | null = null
  for (const [name, field] of Object.entries(fields)) {
    if (!(field instanceof Error)) continue
    copy ??= { ...fields }
    copy[name] = { ...stdSerializers.err(field), raw: undefined, sql: undefined }
  }
  return copy ?? fields
}
