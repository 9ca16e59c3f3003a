// POST /v1/members: an account that works once its address is confirmed.

import type { Call } from '../../platform/contract/call.ts'
import type { Input, Output } from '../../platform/contract/operation.ts'
import { type Refused, type Result, refuse } from '../../platform/contract/result.ts'
import { newId } from '../../platform/ids.ts'
import type { accountContract } from './contract.ts'
import type { AccountContext } from './deps.ts'
import { insertMember, lockMember, readMember } from './member-store.ts'
import { lettersLimited } from './request-letter.ts'
import { normalEmail } from './secrets.ts'
import type { AccountTables, LetterRow } from './tables.ts'

type Registered = Output<typeof accountContract.register>

/** Lower case can be longer than what was typed (İ); the column holds this much. */
const EMAIL_MOST = 254

export async function register(
  context: AccountContext,
  call: Call,
  input: Input<typeof accountContract.register>,
): Promise<Result<Registered>> {
  const { ledger, letters, passwords } = context
  const email = normalEmail(input.email)
  if (email.length > EMAIL_MOST) return refuse('invalid_request', 'The address is too long.')
  if (await readMember(ledger, 'email', email)) return taken(email)
  if (passwords.full) return refuse('overloaded', 'Too many passwords wait to be hashed.', { retryAfter: 2 })
  const limited = await lettersLimited(context, call)
  if (limited) return limited
  const hashed = await passwords.hash(input.password, call.deadline)
  if (!hashed.ok) return hashed
  const now = context.clock()
  const member = {
    member_id: `m_${newId()}`,
    email,
    confirmed: 0,
    password_hash: hashed.value,
    name: input.name ?? null,
    external_ref: null,
    created_at: now,
  }
  const letter = await ledger.write<AccountTables, LetterRow | null>(async tx => {
    if (await lockMember(tx, ledger.dialect, 'email', email)) return null
    await insertMember(tx, member)
    return letters.promise(tx, member.member_id, 'confirm', now)
  })
  if (letter === null) return taken(email)
  letters.handOver(letter)
  return { ok: true, value: { memberId: member.member_id, email } }
}

const taken = (email: string): Refused => refuse('email_taken', `${email} has an account.`)
