// POST /v1/password-resets/completions: a new password for whoever reads the account's mail.

import type { Call } from '../../platform/contract/call.ts'
import type { Input, Output } from '../../platform/contract/operation.ts'
import type { Result } from '../../platform/contract/result.ts'
import { forgiveAttempts } from './attempt-store.ts'
import { accountSubject, knownSubject } from './attempts.ts'
import { invalidToken } from './confirm-email.ts'
import type { accountContract } from './contract.ts'
import type { AccountContext } from './deps.ts'
import { lockMember, rememberAddress, updateMember } from './member-store.ts'
import { lettersSubject } from './request-letter.ts'
import { secretHash } from './secrets.ts'
import { endSessions } from './session-store.ts'
import type { AccountTables } from './tables.ts'
import { isToken, takeToken } from './token-store.ts'

export async function resetPassword(
  context: AccountContext,
  call: Call,
  { token, password }: Input<typeof accountContract.resetPassword>,
): Promise<Result<Output<typeof accountContract.resetPassword>>> {
  const { ledger, passwords } = context
  const tokenHash = secretHash(token)
  // A guess is not worth a hash.
  if (!(await isToken(ledger, tokenHash, 'reset', context.clock()))) return invalidToken()
  const hashed = await passwords.hash(password, call.deadline)
  if (!hashed.ok) return hashed
  const now = context.clock()
  const memberId = await ledger.write<AccountTables, string | null>(async tx => {
    const taken = await takeToken(tx, ledger.dialect, tokenHash, 'reset', now)
    if (taken === null) return null
    const member = await lockMember(tx, ledger.dialect, 'member_id', taken)
    if (member?.email == null) return null
    // The mail was read: the address is theirs.
    await updateMember(tx, taken, { password_hash: hashed.value, confirmed: 1 })
    await endSessions(tx, taken)
    // From here the owner gets in, however many strangers keep guessing.
    const { address } = call
    const subjects = [accountSubject(member.email), lettersSubject('reset', member.email)]
    if (address !== undefined) {
      subjects.push(knownSubject(member.email, address))
      await rememberAddress(tx, taken, address, now)
    }
    await forgiveAttempts(tx, subjects)
    return taken
  })
  if (memberId === null) return invalidToken()
  await context.forget(memberId)
  return { ok: true, value: { memberId } }
}
