// POST /v1/sessions. A failure never tells which part was wrong, and takes as long either way. Attempts on one
// account are counted before they are judged, so any number at once is bounded too.

import type { Call } from '../../platform/contract/call.ts'
import type { Input, Output } from '../../platform/contract/operation.ts'
import { type Refused, type Result, refuse } from '../../platform/contract/result.ts'
import { newId } from '../../platform/ids.ts'
import { attemptWait, countAttempt, forgiveAttempts } from './attempt-store.ts'
import { accountSubject, addressSubject, knownSubject, type Subject } from './attempts.ts'
import type { accountContract } from './contract.ts'
import type { AccountContext } from './deps.ts'
import { SESSION_MOST } from './limits.ts'
import { isKnownAddress, lockMember, readMember, rememberAddress, rolesIn } from './member-store.ts'
import { newSecret, normalEmail, secretHash } from './secrets.ts'
import { insertSession, trimSessions } from './session-store.ts'
import type { AccountTables, MemberRow } from './tables.ts'

type SignedIn = Output<typeof accountContract.signIn>

export async function signIn(
  context: AccountContext,
  call: Call,
  input: Input<typeof accountContract.signIn>,
): Promise<Result<SignedIn>> {
  const { ledger, passwords } = context
  const { address } = call
  const email = normalEmail(input.email)
  if (passwords.full) return refuse('overloaded', 'Too many sign-ins at once.', { retryAfter: 2 })
  const member = await readMember(ledger, 'email', email)
  const subject = await subjectOf(ledger, member, email, address)
  const { attempt } = subject
  const wait = await mayTry(context, subject, address)
  if (wait > 0) return tooMany(wait)
  const matches = await passwords.matches(member?.password_hash ?? null, input.password, call.deadline)
  if (!matches.ok) return matches
  if (!matches.value || member === undefined) {
    if (address !== undefined) await countAttempt(ledger, addressSubject(address), context.clock())
    return wrong()
  }
  if (member.confirmed === 0) {
    await ledger.write<AccountTables, void>(tx => forgiveAttempts(tx, [attempt]))
    return refuse('email_unconfirmed', 'Follow the link in the confirmation mail, or ask for another.')
  }
  return openSession(context, member, attempt, address)
}

/** Strangers share a count; from where the account has signed in before it has one of its own. */
async function subjectOf(
  ledger: AccountContext['ledger'],
  member: MemberRow | undefined,
  email: string,
  address: string | undefined,
): Promise<{ attempt: Subject; known: boolean }> {
  // Asked for accounts that there are not, too: that takes its time.
  const known = address !== undefined && (await isKnownAddress(ledger, member?.member_id ?? '', address))
  return { attempt: known ? knownSubject(email, address) : accountSubject(email), known }
}

/** 0, or the seconds to wait. */
async function mayTry(
  { ledger, clock }: AccountContext,
  { attempt, known }: { attempt: Subject; known: boolean },
  address: string | undefined,
): Promise<number> {
  const now = clock()
  // Who is known here is not locked out by others behind the same address.
  if (!known && address !== undefined) {
    const wait = await attemptWait(ledger, addressSubject(address), now)
    if (wait > 0) return wait
  }
  return countAttempt(ledger, attempt, now)
}

async function openSession(
  { ledger, clock }: AccountContext,
  member: MemberRow,
  attempt: Subject,
  address: string | undefined,
): Promise<Result<SignedIn>> {
  const now = clock()
  const memberId = member.member_id
  const token = newSecret()
  const session = {
    token_hash: secretHash(token),
    session_id: `s_${newId()}`,
    member_id: memberId,
    guest_id: null,
    channel_id: null,
    created_at: now,
    last_seen_at: now,
    expires_at: now + SESSION_MOST,
  }
  const roles = await ledger.write<AccountTables, string[] | null>(async tx => {
    const locked = await lockMember(tx, ledger.dialect, 'member_id', memberId)
    // The password was changed while this one was checked, and all sessions were ended: none begins after that.
    if (locked?.password_hash !== member.password_hash) return null
    await insertSession(tx, session)
    await trimSessions(tx, memberId)
    if (address !== undefined) await rememberAddress(tx, memberId, address, now)
    await forgiveAttempts(tx, [attempt])
    return ['customer', ...(await rolesIn(tx, memberId))]
  })
  if (roles === null) return wrong()
  const { session_id: sessionId, expires_at: expiresAt } = session
  return { ok: true, value: { token, sessionId, memberId, roles, expiresAt } }
}

const wrong = (): Refused => refuse('bad_credentials', 'The e-mail address or the password is wrong.')

export const tooMany = (seconds: number): Refused =>
  refuse('too_many_attempts', `Too many wrong passwords; wait ${seconds} s.`, { retryAfter: seconds })
