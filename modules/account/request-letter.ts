// POST /v1/password-resets and /v1/members/confirmation-mails: a mail, if there is an account, and the same
// answer if there is none.

import type { Call } from '../../platform/contract/call.ts'
import { type Refused, type Result, refuse } from '../../platform/contract/result.ts'
import { countAttempt, countAttemptIn } from './attempt-store.ts'
import { type Subject, subject } from './attempts.ts'
import type { AccountContext } from './deps.ts'
import { HOUR, LETTERS_TO_ONE, type Purpose } from './limits.ts'
import { lockMember } from './member-store.ts'
import { normalEmail } from './secrets.ts'
import type { AccountTables, LetterRow } from './tables.ts'

export async function requestLetter(
  context: AccountContext,
  call: Call,
  purpose: Purpose,
  input: { readonly email: string },
): Promise<Result<Record<string, never>>> {
  const { ledger, letters } = context
  const limited = await lettersLimited(context, call)
  if (limited) return limited
  const email = normalEmail(input.email)
  const now = context.clock()
  const letter = await ledger.write<AccountTables, LetterRow | null>(async tx => {
    // Counted whether there is an account or not, so that both take a transaction. Beyond the limit the mails
    // that were sent hold tokens that are as good: nothing more is sent, and nothing is said.
    const wait = await countAttemptIn(tx, ledger.dialect, lettersSubject(purpose, email), now)
    const member = await lockMember(tx, ledger.dialect, 'email', email)
    if (wait > 0 || member === undefined) return null
    if (purpose === 'confirm' && member.confirmed === 1) return null
    return letters.promise(tx, member.member_id, purpose, now)
  })
  if (letter !== null) letters.handOver(letter)
  return { ok: true, value: {} }
}

export const lettersSubject = (purpose: Purpose, email: string): Subject =>
  subject(`letters ${purpose}`, email, LETTERS_TO_ONE)

/** Counts a mail that this address causes; a refusal where it caused too many. Null: go on. */
export async function lettersLimited(context: AccountContext, call: Call): Promise<Refused | null> {
  if (call.address === undefined) return null
  const limit = { most: context.settings.lettersPerHour, window: HOUR }
  const wait = await countAttempt(context.ledger, subject('letters', call.address, limit), context.clock())
  if (wait === 0) return null
  return refuse('too_many_attempts', `This address has caused ${limit.most} mails in an hour.`, {
    retryAfter: wait,
  })
}
