// POST /v1/channel-tokens: a sales channel gets a token to speak for one of its customers.

import type { Call } from '../../platform/contract/call.ts'
import type { Input, Output } from '../../platform/contract/operation.ts'
import { type Result, refuse } from '../../platform/contract/result.ts'
import { shortHash } from '../../platform/events/event.ts'
import { newId } from '../../platform/ids.ts'
import { once } from '../../platform/sql/once.ts'
import type { accountContract } from './contract.ts'
import type { AccountContext } from './deps.ts'
import { EXCHANGED_MOST } from './limits.ts'
import { readMember } from './member-store.ts'
import { channelGuestId, newSecret, secretHash } from './secrets.ts'
import { insertSession } from './session-store.ts'
import type { AccountTables } from './tables.ts'

type ExchangeInput = Input<typeof accountContract.exchangeToken>
type Exchanged = Output<typeof accountContract.exchangeToken>
type Customer = { member_id: string; guest_id: null } | { member_id: null; guest_id: string }

export async function exchangeToken(
  context: AccountContext,
  call: Call,
  input: ExchangeInput,
): Promise<Result<Exchanged>> {
  const { ledger } = context
  const { principal } = call
  if (principal.kind !== 'channel') return refuse('forbidden', 'Only sales channels exchange tokens.')
  const customer = await customerOf(context, principal.id, input)
  if (!customer.ok) return customer
  const now = context.clock()
  const token = newSecret()
  const session = {
    token_hash: secretHash(token),
    session_id: `s_${newId()}`,
    ...customer.value,
    channel_id: principal.id,
    created_at: now,
    last_seen_at: now,
    expires_at: now + EXCHANGED_MOST,
  }
  const principalId = session.member_id ?? (session.guest_id as string)
  const { session_id: sessionId, expires_at: expiresAt } = session
  return once<AccountTables, Exchanged>(
    ledger,
    call,
    'account.exchangeToken',
    now,
    async tx => {
      await insertSession(tx, session)
      return {
        result: { ok: true, value: { token, sessionId, principalId, expiresAt } },
        audit: { subject: principalId, detail: { sessionId } },
      }
    },
    { secret: true },
  )
}

async function customerOf(
  { ledger }: AccountContext,
  channelId: string,
  { memberRef, memberId, guestRef, guest }: ExchangeInput,
): Promise<Result<Customer>> {
  const given = [memberRef, memberId, guestRef, guest].filter(each => each !== undefined)
  if (given.length !== 1)
    return refuse('invalid_request', 'Exactly one of memberRef, memberId, guestRef and guest.')
  if (guestRef !== undefined)
    return { ok: true, value: { member_id: null, guest_id: channelGuestId(channelId, guestRef) } }
  if (guest) return { ok: true, value: { member_id: null, guest_id: `g_${shortHash(newSecret())}` } }
  const member =
    memberRef === undefined
      ? await readMember(ledger, 'member_id', memberId as string)
      : await readMember(ledger, 'external_ref', memberRef)
  if (member === undefined) return refuse('not_found', 'There is no such member.')
  return { ok: true, value: { member_id: member.member_id, guest_id: null } }
}
