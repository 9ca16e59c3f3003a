// A name for each request, in the answer, the log and every call made for it.

import { randomBytes } from 'node:crypto'

/** What a client may send: short, and harmless in a log line or a header. */
const SAFE = /^[A-Za-z0-9._-]{1,64}$/

/** Random per process, so that two processes never give the same id; then a counter, because it costs nothing. */
const prefix = `${randomBytes(6).toString('base64url')}.`
let counter = 0

/** The client's id where it is safe to repeat, else a new one. */
export function requestIdOf(header: string | string[] | undefined): string {
  if (typeof header === 'string' && SAFE.test(header)) return header
  return prefix + (++counter).toString(36)
}
