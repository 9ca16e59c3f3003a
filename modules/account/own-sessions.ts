// A member's sessions, listed and ended: DELETE /v1/sessions/current, GET and DELETE /v1/sessions[/:sessionId].

import type { Call, Principal } from '../../platform/contract/call.ts'
import type { Input, Output } from '../../platform/contract/operation.ts'
import { type Refused, type Result, refuse } from '../../platform/contract/result.ts'
import type { accountContract } from './contract.ts'
import type { AccountContext } from './deps.ts'
import { SESSION_IDLE } from './limits.ts'
import { endSession, endSessions, sessionsOf } from './session-store.ts'
import type { AccountTables } from './tables.ts'

type Revoked = Output<typeof accountContract.revokeSession>

/** Ends the session that asks: a member's, or a channel's token for its customer. */
export async function signOut(context: AccountContext, { principal }: Call): Promise<Result<Revoked>> {
  const { id, kind, sessionId } = principal
  if (sessionId === undefined) return refuse('not_found', 'There is no session to end.')
  const owner = kind === 'member' ? { memberId: id } : { guestId: id }
  const revoked = await endSession(context.ledger, owner, sessionId)
  await context.forget(id)
  return { ok: true, value: { revoked } }
}

export async function listSessions(
  { ledger, clock }: AccountContext,
  { principal }: Call,
): Promise<Result<Output<typeof accountContract.listSessions>>> {
  const refused = onlyInPerson(principal)
  if (refused) return refused
  const now = clock()
  const rows = await sessionsOf(ledger, principal.id, now)
  const sessions = rows
    .filter(row => row.last_seen_at + SESSION_IDLE > now)
    .map(row => ({
      sessionId: row.session_id,
      current: row.session_id === principal.sessionId,
      channelId: row.channel_id,
      createdAt: row.created_at,
      lastSeenAt: row.last_seen_at,
      expiresAt: row.expires_at,
    }))
  return { ok: true, value: { sessions } }
}

export async function revokeSession(
  context: AccountContext,
  { principal }: Call,
  { sessionId }: Input<typeof accountContract.revokeSession>,
): Promise<Result<Revoked>> {
  const refused = onlyInPerson(principal)
  if (refused) return refused
  const revoked = await endSession(context.ledger, { memberId: principal.id }, sessionId)
  if (revoked === 0) return refuse('not_found', 'You have no such session.')
  await context.forget(principal.id)
  return { ok: true, value: { revoked } }
}

export async function revokeAllSessions(
  context: AccountContext,
  { principal }: Call,
): Promise<Result<Revoked>> {
  const refused = onlyInPerson(principal)
  if (refused) return refused
  const revoked = await context.ledger.write<AccountTables, number>(tx => endSessions(tx, principal.id))
  await context.forget(principal.id)
  return { ok: true, value: { revoked } }
}

/** A channel speaks for its customers in the shop; their accounts are none of its business. Null: go on. */
export function onlyInPerson(principal: Principal): Refused | null {
  if (principal.kind === 'member' && principal.channelId === null) return null
  return refuse('forbidden', 'Only for members who signed in themselves.')
}
