// GET /v1/audit. The trail belongs to the platform, which writes it in the transactions of all modules; it has
// no door of its own, so administrators read it through this one.

import { decodeCursor, encodeCursor } from '../../platform/contract/cursor.ts'
import type { Input, Output } from '../../platform/contract/operation.ts'
import { type Result, refuse } from '../../platform/contract/result.ts'
import { auditRows } from './audit-store.ts'
import type { accountContract } from './contract.ts'
import type { AccountContext } from './deps.ts'

type Page = Output<typeof accountContract.auditTrail>

const PAGE = 20
/** Rows looked through for one page, whatever fits: the trail has no index by actor, to be cheap to write. */
const SCAN = 10_000

export async function auditTrail(
  { ledger }: AccountContext,
  input: Input<typeof accountContract.auditTrail>,
): Promise<Result<Page>> {
  const limit = input.limit ?? PAGE
  const cursor = input.cursor === undefined ? null : decodeCursor(input.cursor, ['number'])
  if (cursor === null && input.cursor !== undefined)
    return refuse('invalid_request', 'This cursor is none of ours.')
  const { actor = null, channelId = null } = input
  const before = cursor === null ? null : (cursor[0] as number)
  const { rows, scannedTo } = await auditRows(ledger, { actor, channelId }, before, limit + 1, SCAN)
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  const next = rows.length > limit && last !== undefined ? last.seq : scannedTo
  return {
    ok: true,
    value: {
      acts: page.map(row => ({
        at: row.at,
        actor: row.actor,
        channelId: row.channel_id,
        operation: row.operation,
        requestId: row.request_id,
        subject: row.subject,
        detail: JSON.parse(row.detail) as Record<string, unknown>,
      })),
      nextCursor: next === null ? null : encodeCursor([next]),
    },
  }
}
