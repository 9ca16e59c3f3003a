// All SQL about sessions. Reading by token is in session-reads.ts.

import { sql } from 'kysely'
import { inList } from '../../platform/sql/in-list.ts'
import type { Ledger, Tx } from '../../platform/sql/ledger.ts'
import { SESSIONS_MOST, SESSIONS_SHOWN } from './limits.ts'
import type { AccountTables, SessionRow } from './tables.ts'

export async function insertSession(tx: Tx<AccountTables>, session: SessionRow): Promise<void> {
  await tx.insertInto('sessions').values(session).execute()
}

/** Ends the oldest of a member's own sessions beyond the most. The member's row is locked. */
export async function trimSessions(tx: Tx<AccountTables>, memberId: string): Promise<void> {
  const beyond = await tx
    .selectFrom('sessions')
    .select('token_hash')
    .where('member_id', '=', memberId)
    .where('channel_id', 'is', null)
    .orderBy('created_at', 'desc')
    .limit(SESSIONS_SHOWN)
    .offset(SESSIONS_MOST)
    .execute()
  if (beyond.length === 0) return
  const hashes = beyond.map(row => row.token_hash)
  await tx.deleteFrom('sessions').where('token_hash', 'in', hashes).execute()
}

/** Ends one session of a principal; 0: it has none of this id. */
export function endSession(
  ledger: Ledger,
  owner: { memberId: string } | { guestId: string },
  sessionId: string,
): Promise<number> {
  return ledger.write<AccountTables, number>(async tx => {
    const mine = tx.deleteFrom('sessions').where('session_id', '=', sessionId)
    const { numDeletedRows } = await ('memberId' in owner
      ? mine.where('member_id', '=', owner.memberId)
      : mine.where('guest_id', '=', owner.guestId)
    ).executeTakeFirst()
    return Number(numDeletedRows)
  })
}

/** Ends all sessions that speak for a member, but one. Returns how many. */
export async function endSessions(
  tx: Tx<AccountTables>,
  memberId: string,
  exceptSessionId: string | null = null,
): Promise<number> {
  let query = tx.deleteFrom('sessions').where('member_id', '=', memberId)
  if (exceptSessionId !== null) query = query.where('session_id', '<>', exceptSessionId)
  const { numDeletedRows } = await query.executeTakeFirst()
  return Number(numDeletedRows)
}

export function sessionsOf(ledger: Ledger, memberId: string, now: number): Promise<SessionRow[]> {
  return ledger
    .reads<AccountTables>()
    .selectFrom('sessions')
    .selectAll()
    .where('member_id', '=', memberId)
    .where('expires_at', '>', now)
    .orderBy('created_at', 'desc')
    .limit(SESSIONS_SHOWN)
    .execute()
}

/** A session with what decides whether and for whom it speaks. */
export interface FoundSession extends SessionRow {
  readonly email: string | null
  /** Granted roles of the member. */
  readonly roles: readonly string[]
  /** Of the channel that exchanged it. */
  readonly void_until: number | null
}

export async function loadSessions(ledger: Ledger, tokenHashes: readonly string[]): Promise<FoundSession[]> {
  // One round trip, as text: Kysely needs as long to build it as SQLite to run it. No role has a comma in its name.
  const { rows } = await sql<Omit<FoundSession, 'roles'> & { readonly roles: string | null }>`
    SELECT sessions.*, members.email, channels.void_until,
      (SELECT GROUP_CONCAT(role) FROM member_roles WHERE member_roles.member_id = sessions.member_id) AS roles
    FROM sessions LEFT JOIN members ON members.member_id = sessions.member_id
      LEFT JOIN channels ON channels.channel_id = sessions.channel_id
    WHERE token_hash IN ${inList(ledger.dialect, tokenHashes)}`.execute(ledger.reads())
  return rows.map(row => ({ ...row, roles: row.roles?.split(',').sort() ?? [] }))
}

/** Of several processes that see it at once, one writes. */
export async function noteSeen(
  ledger: Ledger,
  session: Pick<SessionRow, 'token_hash' | 'last_seen_at'>,
  now: number,
): Promise<void> {
  await ledger.write<AccountTables, void>(async tx => {
    await tx
      .updateTable('sessions')
      .set({ last_seen_at: now })
      .where('token_hash', '=', session.token_hash)
      .where('last_seen_at', '=', session.last_seen_at)
      .execute()
  })
}
