// POST /v1/me/password: by whoever knows the one before.

import type { Call } from '../../platform/contract/call.ts'
import type { Input, Output } from '../../platform/contract/operation.ts'
import { type Refused, type Result, refuse } from '../../platform/contract/result.ts'
import { countAttempt, forgiveAttempts } from './attempt-store.ts'
import { subject } from './attempts.ts'
import type { accountContract } from './contract.ts'
import type { AccountContext } from './deps.ts'
import { ACCOUNT_ATTEMPTS } from './limits.ts'
import { lockMember, readMember, updateMember } from './member-store.ts'
import { onlyInPerson } from './own-sessions.ts'
import { endSessions } from './session-store.ts'
import { tooMany } from './sign-in.ts'
import type { AccountTables } from './tables.ts'

export async function changePassword(
  context: AccountContext,
  call: Call,
  { password, newPassword }: Input<typeof accountContract.changePassword>,
): Promise<Result<Output<typeof accountContract.changePassword>>> {
  const { ledger, passwords } = context
  const { principal } = call
  const refused = onlyInPerson(principal)
  if (refused) return refused
  // Whoever found an open session must not guess on in it.
  const attempt = subject('change', principal.id, ACCOUNT_ATTEMPTS)
  const wait = await countAttempt(ledger, attempt, context.clock())
  if (wait > 0) return tooMany(wait)
  const member = await readMember(ledger, 'member_id', principal.id)
  const matches = await passwords.matches(member?.password_hash ?? null, password, call.deadline)
  if (!matches.ok) return matches
  if (!matches.value || member === undefined) return wrong()
  const hashed = await passwords.hash(newPassword, call.deadline)
  if (!hashed.ok) return hashed
  const revoked = await ledger.write<AccountTables, number | null>(async tx => {
    const locked = await lockMember(tx, ledger.dialect, 'member_id', principal.id)
    // Changed by somebody else meanwhile: what was checked counts no more.
    if (locked?.password_hash !== member.password_hash) return null
    await updateMember(tx, principal.id, { password_hash: hashed.value })
    await forgiveAttempts(tx, [attempt])
    return endSessions(tx, principal.id, principal.sessionId ?? null)
  })
  if (revoked === null) return wrong()
  await context.forget(principal.id)
  return { ok: true, value: { revoked } }
}

const wrong = (): Refused => refuse('bad_credentials', 'The present password is wrong.')
