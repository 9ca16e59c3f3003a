// A member's balance and statement.

import { type Call, isStaff } from '../../platform/contract/call.ts'
import { decodeCursor, encodeCursor } from '../../platform/contract/cursor.ts'
import type { Input, Output } from '../../platform/contract/operation.ts'
import { type Result, refuse } from '../../platform/contract/result.ts'
import type { pointContract } from './contract.ts'
import type { PointContext } from './deps.ts'
import type { PointTables } from './tables.ts'

/** Whose points are meant: one's own, or for staff anybody's. */
function meant(call: Call, memberId: string | undefined): Result<string> {
  const own = call.principal.id
  if (memberId === undefined || memberId === own) return { ok: true, value: own }
  if (isStaff(call.principal)) return { ok: true, value: memberId }
  return refuse('forbidden', 'Only staff may read others’ points.')
}

export async function getBalance(
  context: PointContext,
  call: Call,
  input: Input<typeof pointContract.getBalance>,
): Promise<Result<Output<typeof pointContract.getBalance>>> {
  const member = meant(call, input.memberId)
  if (!member.ok) return member
  const row = await context.ledger
    .reads<PointTables>()
    .selectFrom('point_accounts')
    .select('balance')
    .where('member_id', '=', member.value)
    .executeTakeFirst()
  return { ok: true, value: { memberId: member.value, balance: row?.balance ?? 0 } }
}

const PAGE = 20

export async function statement(
  context: PointContext,
  call: Call,
  input: Input<typeof pointContract.statement>,
): Promise<Result<Output<typeof pointContract.statement>>> {
  const member = meant(call, input.memberId)
  if (!member.ok) return member
  const limit = input.limit ?? PAGE
  let query = context.ledger
    .reads<PointTables>()
    .selectFrom('point_transactions')
    .selectAll()
    .where('member_id', '=', member.value)
    .where('kind', '!=', 'void')
    .orderBy('account_version', 'desc')
    .limit(limit + 1)
  if (input.cursor !== undefined) {
    const cursor = decodeCursor(input.cursor, ['number'])
    if (cursor === null) return refuse('invalid_request', 'This cursor is none of ours.')
    query = query.where('account_version', '<', cursor[0] as number)
  }
  const rows = await query.execute()
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  return {
    ok: true,
    value: {
      entries: page.map(({ created_at: at, kind, points, balance, order_id: orderId, reason }) => {
        return { at, kind, points, balance, orderId, reason }
      }),
      nextCursor: rows.length > limit && last !== undefined ? encodeCursor([last.account_version]) : null,
    },
  }
}
