// Members known elsewhere, under the reference they have there. They have no address and no password.

import type { Input, Output } from '../../platform/contract/operation.ts'
import type { Result } from '../../platform/contract/result.ts'
import { newId } from '../../platform/ids.ts'
import type { accountContract } from './contract.ts'
import type { AccountContext } from './deps.ts'
import { insertImported, lockByRefs, updateMember } from './member-store.ts'
import type { AccountTables } from './tables.ts'

type Imported = Output<typeof accountContract.importMembers>

export async function importMembers(
  { ledger, clock }: AccountContext,
  input: Input<typeof accountContract.importMembers>,
): Promise<Result<Imported>> {
  // Of a reference given twice the last name counts.
  const wanted = new Map(input.members.map(({ ref, name }) => [ref, name ?? null]))
  if (wanted.size === 0) return { ok: true, value: { created: 0, members: [] } }
  const now = clock()
  const value = await ledger.write<AccountTables, Imported>(async tx => {
    const there = await lockByRefs(tx, ledger.dialect, [...wanted.keys()])
    for (const member of there) {
      const name = wanted.get(member.external_ref as string) ?? null
      if (name !== null && name !== member.name) await updateMember(tx, member.member_id, { name })
    }
    const known = new Map(there.map(member => [member.external_ref as string, member.member_id]))
    const fresh = [...wanted].filter(([ref]) => !known.has(ref))
    const rows = fresh.map(([ref, name]) => ({ member_id: `m_${newId()}`, external_ref: ref, name }))
    // Where two imports race for a reference one gets a duplicate key, and its transaction is run again.
    if (rows.length > 0) await insertImported(tx, rows, now)
    for (const row of rows) known.set(row.external_ref, row.member_id)
    const members = [...wanted.keys()].map(ref => ({ ref, memberId: known.get(ref) as string }))
    return { created: rows.length, members }
  })
  return { ok: true, value }
}
