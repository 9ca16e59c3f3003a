// Members who are signed in, as many as a measure needs. Written as rows: hashing their passwords would take hours.

import { hash } from 'node:crypto'
import type { MemberRow, SessionRow } from '../../modules/account/tables.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import { insertRows } from './insert-rows.ts'

const DAY_MS = 86_400_000

/** Makes `count` members with a session each. Returns the values of their Authorization headers. */
export async function signedInMembers(ledger: Ledger, count: number): Promise<string[]> {
  const now = Date.now()
  const numbers = Array.from({ length: count }, (_, i) => i)
  await insertRows<MemberRow>(
    ledger,
    'members',
    numbers.map(i => ({
      member_id: memberId(i),
      email: `buyer-${i}@example.org`,
      confirmed: 1,
      password_hash: null,
      name: null,
      external_ref: null,
      created_at: now,
    })),
  )
  await insertRows<SessionRow>(
    ledger,
    'sessions',
    numbers.map(i => ({
      token_hash: hash('sha256', tokenOf(i), 'base64url'),
      session_id: `bench-${i}`,
      member_id: memberId(i),
      guest_id: null,
      channel_id: null,
      created_at: now,
      last_seen_at: now,
      expires_at: now + DAY_MS,
    })),
  )
  return numbers.map(i => `Bearer ${tokenOf(i)}`)
}

/** Headers of guests: they need no rows. */
export function guests(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `Guest bench-guest-${String(i).padStart(12, '0')}`)
}

const memberId = (i: number): string => `m_00000000-0000-7000-8000-${String(i).padStart(12, '0')}`
/** As long as a real one. */
const tokenOf = (i: number): string => `bench-${String(i).padStart(37, '0')}`
