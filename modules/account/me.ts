// GET /v1/me

import type { Call } from '../../platform/contract/call.ts'
import type { Output } from '../../platform/contract/operation.ts'
import { type Result, refuse } from '../../platform/contract/result.ts'
import type { accountContract } from './contract.ts'
import type { AccountContext } from './deps.ts'
import { readMember } from './member-store.ts'

type Me = Output<typeof accountContract.me>

export async function me({ ledger }: AccountContext, { principal }: Call): Promise<Result<Me>> {
  const { kind, id, channelId } = principal
  if (kind === 'anonymous' || kind === 'system') return refuse('unauthenticated', 'Nobody in particular.')
  const member = kind === 'member' ? await readMember(ledger, 'member_id', id) : undefined
  const roles = [...principal.roles]
  const { email = null, name = null } = member ?? {}
  return { ok: true, value: { kind, id, email, name, roles, channelId } }
}
