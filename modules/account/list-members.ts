// GET /v1/members: for staff, by pages.

import { decodeCursor, encodeCursor } from '../../platform/contract/cursor.ts'
import type { Input, Output } from '../../platform/contract/operation.ts'
import { type Result, refuse } from '../../platform/contract/result.ts'
import type { accountContract } from './contract.ts'
import type { AccountContext } from './deps.ts'
import { memberPage, readMember, rolesOf } from './member-store.ts'
import { normalEmail } from './secrets.ts'
import type { MemberRow } from './tables.ts'

type Page = Output<typeof accountContract.listMembers>

const PAGE = 20

export async function listMembers(
  context: AccountContext,
  input: Input<typeof accountContract.listMembers>,
): Promise<Result<Page>> {
  const { ledger } = context
  const { email, memberRef, role } = input
  if (email !== undefined || memberRef !== undefined) {
    const found =
      email === undefined
        ? await readMember(ledger, 'external_ref', memberRef as string)
        : await readMember(ledger, 'email', normalEmail(email))
    const fits = found !== undefined && (memberRef === undefined || found.external_ref === memberRef)
    const members = await views(context, fits ? [found] : [])
    const wanted = members.filter(member => role === undefined || member.roles.includes(role))
    return { ok: true, value: { members: wanted, nextCursor: null } }
  }
  const limit = input.limit ?? PAGE
  const cursor = input.cursor === undefined ? null : decodeCursor(input.cursor, ['string'])
  if (cursor === null && input.cursor !== undefined)
    return refuse('invalid_request', 'This cursor is none of ours.')
  const before = cursor === null ? null : (cursor[0] as string)
  const rows = await memberPage(ledger, { role: role ?? null, before }, limit + 1)
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  const nextCursor = rows.length > limit && last !== undefined ? encodeCursor([last.member_id]) : null
  return { ok: true, value: { members: await views(context, page), nextCursor } }
}

async function views({ ledger }: AccountContext, rows: readonly MemberRow[]): Promise<Page['members']> {
  const roles = await rolesOf(
    ledger,
    rows.map(row => row.member_id),
  )
  return rows.map(row => ({
    memberId: row.member_id,
    email: row.email,
    confirmed: row.confirmed === 1,
    name: row.name,
    memberRef: row.external_ref,
    roles: ['customer', ...(roles.get(row.member_id) ?? [])],
    createdAt: row.created_at,
  }))
}
