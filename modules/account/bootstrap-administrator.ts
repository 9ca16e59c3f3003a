// The first administrator of a ledger: made once, by whichever process comes first, with a password told once.

import type { Call } from '../../platform/contract/call.ts'
import type { Input, Output } from '../../platform/contract/operation.ts'
import type { Result } from '../../platform/contract/result.ts'
import { newId } from '../../platform/ids.ts'
import type { accountContract } from './contract.ts'
import type { AccountContext } from './deps.ts'
import { insertMember, insertRole, isMarked, lockMember, markOnce, updateMember } from './member-store.ts'
import { newPassword, normalEmail } from './secrets.ts'
import { endSessions } from './session-store.ts'
import type { AccountTables } from './tables.ts'

type Bootstrapped = Output<typeof accountContract.bootstrapAdministrator>

const MARK = 'first-administrator'
const none: Result<Bootstrapped> = { ok: true, value: { created: false, password: null } }

export async function bootstrapAdministrator(
  context: AccountContext,
  call: Call,
  input: Input<typeof accountContract.bootstrapAdministrator>,
): Promise<Result<Bootstrapped>> {
  const { ledger, passwords } = context
  if (await isMarked(ledger, MARK)) return none
  const email = normalEmail(input.email)
  const password = newPassword()
  const hashed = await passwords.hash(password, call.deadline)
  if (!hashed.ok) return hashed
  const now = context.clock()
  const created = await ledger.write<AccountTables, boolean>(async tx => {
    if (!(await markOnce(tx, MARK, now))) return false
    const member = await lockMember(tx, ledger.dialect, 'email', email)
    const memberId = member?.member_id ?? `m_${newId()}`
    const fields = { confirmed: 1, password_hash: hashed.value }
    if (member === undefined) {
      const rest = { name: 'Administrator', external_ref: null, created_at: now }
      await insertMember(tx, { member_id: memberId, email, ...fields, ...rest })
    } else {
      // Whoever had registered the address before gets nothing by it.
      await updateMember(tx, memberId, fields)
      await endSessions(tx, memberId)
    }
    await insertRole(tx, memberId, 'administrator', call.principal.id, now)
    return true
  })
  return created ? { ok: true, value: { created, password } } : none
}
