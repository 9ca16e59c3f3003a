// POST /v1/members/confirmations: the owner of the address has answered.

import type { Input, Output } from '../../platform/contract/operation.ts'
import { type Refused, type Result, refuse } from '../../platform/contract/result.ts'
import type { accountContract } from './contract.ts'
import type { AccountContext } from './deps.ts'
import { updateMember } from './member-store.ts'
import { secretHash } from './secrets.ts'
import type { AccountTables } from './tables.ts'
import { takeToken } from './token-store.ts'

export async function confirmEmail(
  { ledger, clock }: AccountContext,
  { token }: Input<typeof accountContract.confirmEmail>,
): Promise<Result<Output<typeof accountContract.confirmEmail>>> {
  const now = clock()
  const memberId = await ledger.write<AccountTables, string | null>(async tx => {
    const taken = await takeToken(tx, ledger.dialect, secretHash(token), 'confirm', now)
    if (taken !== null) await updateMember(tx, taken, { confirmed: 1 })
    return taken
  })
  return memberId === null ? invalidToken() : { ok: true, value: { memberId } }
}

export const invalidToken = (): Refused =>
  refuse('token_invalid', 'This token was used, has expired, or never was one.')
