// Which of Redis's errors mean that it is of no use at the moment, and what to say of them. Pure.

import type { SampleKind } from '../../resilience/detector.ts'
import { REFUSED_CODES } from '../health/refused-codes.ts'

/**
 * Answers of a server that is there and does not serve: still loading, no primary any more, full, cut off from its
 * replicas or its disk, or of another mind about our password. For a gate all are one: unknown.
 */
const AWAY =
  /^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|NOREPLICAS|MISCONF|OOM|NOAUTH|WRONGPASS|NOPERM)\b/

/** The server's own no to a command: `WRONGTYPE Operation …`. What the client itself says is written otherwise. */
const REPLY = /^[A-Z]+ /

/** The command was wrong, and Redis is well. */
export function isReply(error: Error): boolean {
  return REPLY.test(error.message) && !AWAY.test(error.message)
}

/** It was a primary when we connected and is a replica now: a new connection may find the new primary. */
export function isDemoted(error: Error): boolean {
  return /^(READONLY|MASTERDOWN)\b/.test(error.message)
}

/** What it says of the server's health that a command or a connection failed so. */
export function sampleOf(error: Error): SampleKind {
  const { message } = error
  if (isReply(error)) return 'ok'
  if (/^(OOM|MISCONF)\b/.test(message)) return 'full'
  if (/^(READONLY|MASTERDOWN|NOREPLICAS|CLUSTERDOWN)\b/.test(message)) return 'wrong_role'
  // It is there, and takes nobody in: not yet, or not us.
  if (AWAY.test(message)) return 'refused'
  const code = (error as NodeJS.ErrnoException).code ?? ''
  if (REFUSED_CODES.has(code) || code === 'EAI_AGAIN') return 'refused'
  return /^no (connection|answer) (within|for) /.test(message) || code === 'ETIMEDOUT' ? 'hung' : 'broke'
}

/** The same of an attempt to connect, which is never well when it fails. */
export function sampleOfAttempt(error: Error): SampleKind {
  const kind = sampleOf(error)
  return kind === 'ok' ? 'refused' : kind
}

/** What an operator reads when a connection fails. */
export function sayWhy(error: Error): string {
  const { message } = error
  const code = (error as NodeJS.ErrnoException).code ?? ''
  if (/^(WRONGPASS|NOAUTH|ERR AUTH|ERR invalid password)\b/.test(message))
    return 'Redis refuses our user or password: see redis.url'
  if (/^NOPERM\b/.test(message)) return 'Redis does not let our user do what is needed: see redis.url'
  if (/CERT|SELF_SIGNED|TLS|SSL|ISSUER|VERIFY/.test(code))
    return 'Redis cannot be trusted by its certificate: see redis.tlsCa'
  return 'Redis is away'
}

/** The text without the secrets, as they are or as a URL writes them. */
export function without(secrets: readonly string[], text: string): string {
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, '[redacted]'), text)
}
