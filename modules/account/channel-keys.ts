// POST /v1/channels/:channelId/keys and DELETE …/:keyId. Rotating is issuing: the key before works on for the
// overlap, long enough to hand out the new one.

import type { Call } from '../../platform/contract/call.ts'
import type { Input, Output } from '../../platform/contract/operation.ts'
import { type Result, refuse } from '../../platform/contract/result.ts'
import { newId } from '../../platform/ids.ts'
import { once } from '../../platform/sql/once.ts'
import { addKey, lockChannel, readKey, revokeKey, voidTokens } from './channel-store.ts'
import { keyView } from './channels.ts'
import type { accountContract } from './contract.ts'
import type { AccountContext } from './deps.ts'
import { DAY, SECOND } from './limits.ts'
import { newChannelKey, secretHash } from './secrets.ts'
import type { AccountTables } from './tables.ts'

type Issued = Output<typeof accountContract.issueChannelKey>
type KeyView = Output<typeof accountContract.revokeChannelKey>

export async function issueChannelKey(
  { ledger, clock, forget }: AccountContext,
  call: Call,
  { channelId, overlapSeconds }: Input<typeof accountContract.issueChannelKey>,
): Promise<Result<Issued>> {
  const now = clock()
  const overlap = overlapSeconds === undefined ? DAY : overlapSeconds * SECOND
  const key = newChannelKey()
  const row = {
    key_hash: secretHash(key),
    key_id: `k_${newId()}`,
    channel_id: channelId,
    created_at: now,
    expires_at: null,
    revoked_at: null,
  }
  const issue = once<AccountTables, Issued>(
    ledger,
    call,
    'account.issueChannelKey',
    now,
    async tx => {
      if (!(await lockChannel(tx, ledger.dialect, channelId)))
        return { result: refuse('not_found', `There is no channel ${channelId}.`) }
      await addKey(tx, row, now + overlap)
      return {
        result: { ok: true, value: { channelId, keyId: row.key_id, key } },
        audit: { subject: channelId, detail: { keyId: row.key_id, overlap } },
      }
    },
    { secret: true },
  )
  const issued = await issue
  if (issued.ok) await forget(channelId)
  return issued
}

export async function revokeChannelKey(
  { ledger, clock, forget }: AccountContext,
  call: Call,
  { channelId, keyId }: Input<typeof accountContract.revokeChannelKey>,
): Promise<Result<KeyView>> {
  const now = clock()
  const revoked = await once<AccountTables, KeyView>(
    ledger,
    call,
    'account.revokeChannelKey',
    now,
    async tx => {
      const channel = await lockChannel(tx, ledger.dialect, channelId)
      const key = channel && (await readKey(tx, channelId, keyId))
      if (!key) return { result: refuse('not_found', `Channel ${channelId} has no key ${keyId}.`) }
      if (key.revoked_at !== null) return { result: { ok: true, value: keyView(key) } }
      await revokeKey(tx, key.key_hash, now)
      // Which key a token was exchanged with is not known, so all that there are end.
      await voidTokens(tx, channelId, now)
      return {
        result: { ok: true, value: keyView({ ...key, revoked_at: now }) },
        audit: { subject: channelId, detail: { keyId } },
      }
    },
  )
  if (revoked.ok) await forget(channelId)
  return revoked
}
