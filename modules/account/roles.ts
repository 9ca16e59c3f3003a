// PUT and DELETE /v1/members/:memberId/roles/:role. There is always an administrator.

import type { Call } from '../../platform/contract/call.ts'
import type { Input, Output } from '../../platform/contract/operation.ts'
import { type Refused, type Result, refuse } from '../../platform/contract/result.ts'
import { type Done, once } from '../../platform/sql/once.ts'
import type { accountContract } from './contract.ts'
import type { AccountContext } from './deps.ts'
import { deleteRole, insertRole, lockHolders, lockMember, rolesIn } from './member-store.ts'
import type { AccountTables } from './tables.ts'

type RolesView = Output<typeof accountContract.grantRole>

export async function grantRole(
  { ledger, clock, forget }: AccountContext,
  call: Call,
  { memberId, role }: Input<typeof accountContract.grantRole>,
): Promise<Result<RolesView>> {
  const now = clock()
  const granted = await once<AccountTables, RolesView>(ledger, call, 'account.grantRole', now, async tx => {
    const member = await lockMember(tx, ledger.dialect, 'member_id', memberId)
    if (member === undefined) return { result: unknownMember(memberId) }
    // Who cannot sign in would be a last administrator in name only.
    if (member.confirmed === 0 || member.email === null)
      return { result: refuse('email_unconfirmed', 'Roles are for members with a confirmed address.') }
    const roles = await rolesIn(tx, memberId)
    if (roles.includes(role)) return unchanged(memberId, roles)
    await insertRole(tx, memberId, role, call.principal.id, now)
    return changed(memberId, role, [...roles, role].sort())
  })
  if (granted.ok) await forget(memberId)
  return granted
}

export async function revokeRole(
  { ledger, clock, forget }: AccountContext,
  call: Call,
  { memberId, role }: Input<typeof accountContract.revokeRole>,
): Promise<Result<RolesView>> {
  const revoked = await once<AccountTables, RolesView>(
    ledger,
    call,
    'account.revokeRole',
    clock(),
    async tx => {
      // All holders locked: of two administrators who revoke each other, one is refused.
      const holders = await lockHolders(tx, ledger.dialect, role)
      const member = await lockMember(tx, ledger.dialect, 'member_id', memberId)
      if (member === undefined) return { result: unknownMember(memberId) }
      if (role === 'administrator' && holders.length === 1 && holders[0] === memberId)
        return { result: refuse('last_administrator', 'Nobody else is an administrator.') }
      const there = await deleteRole(tx, memberId, role)
      const roles = await rolesIn(tx, memberId)
      return there ? changed(memberId, role, roles) : unchanged(memberId, roles)
    },
  )
  if (revoked.ok) await forget(memberId)
  return revoked
}

const unchanged = (memberId: string, roles: readonly string[]): Done<RolesView> => ({
  result: { ok: true, value: { memberId, roles: ['customer', ...roles] } },
})

const changed = (memberId: string, role: string, roles: readonly string[]): Done<RolesView> => ({
  ...unchanged(memberId, roles),
  audit: { subject: memberId, detail: { role } },
})

const unknownMember = (memberId: string): Refused => refuse('not_found', `There is no member ${memberId}.`)
