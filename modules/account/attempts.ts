// Limits on attempts, decided without I/O. Windows are fixed: a subject's count begins anew when its row's
// time is over, so nobody is held longer than one window for what was done in it.

import { shortHash } from '../../platform/events/event.ts'
import { ACCOUNT_ATTEMPTS, ADDRESS_ATTEMPTS, type AttemptLimit, KNOWN_ADDRESS_ATTEMPTS } from './limits.ts'
import type { AttemptRow } from './tables.ts'

/** What attempts are counted against. */
export interface Subject {
  readonly id: string
  readonly limit: AttemptLimit
}

/** Hashed, so that ids are short and what strangers typed is not kept. */
export const subject = (kind: string, of: string, limit: AttemptLimit): Subject => ({
  id: shortHash(`${kind}\n${of}`),
  limit,
})

/** Wrong passwords for an account from anywhere. `email` is normal. */
export const accountSubject = (email: string): Subject => subject('account', email, ACCOUNT_ATTEMPTS)
/** Wrong passwords for an account from an address where it has signed in before. */
export const knownSubject = (email: string, address: string): Subject =>
  subject('known', `${email}\n${address}`, KNOWN_ADDRESS_ATTEMPTS)
export const addressSubject = (address: string): Subject => subject('address', address, ADDRESS_ATTEMPTS)

/** Seconds to wait before another attempt; 0: go on. */
export function waitFor(row: AttemptRow | undefined, limit: AttemptLimit, now: number): number {
  if (row === undefined || row.ends_at <= now || row.count < limit.most) return 0
  return Math.ceil((row.ends_at - now) / 1_000)
}

/** The row after one more attempt. */
export function counted(row: AttemptRow | undefined, { id, limit }: Subject, now: number): AttemptRow {
  if (row === undefined || row.ends_at <= now) return { subject: id, count: 1, ends_at: now + limit.window }
  return { ...row, count: row.count + 1 }
}
