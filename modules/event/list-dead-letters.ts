import { decodeCursor, encodeCursor } from '../../platform/contract/cursor.ts'
import type { Input, Output } from '../../platform/contract/operation.ts'
import { ok, type Result, refuse } from '../../platform/contract/result.ts'
import type { eventContract } from './contract.ts'
import type { EventDeps } from './deps.ts'

/** Letters of a page where nothing else is asked for. */
const PAGE = 20

export async function listDeadLetters(
  { deadLetters }: EventDeps,
  input: Input<typeof eventContract.listDeadLetters>,
): Promise<Result<Output<typeof eventContract.listDeadLetters>>> {
  const cursor = input.cursor === undefined ? [0] : decodeCursor(input.cursor, ['number'])
  if (cursor === null) return refuse('invalid_request', 'This cursor is none of ours.')
  const limit = input.limit ?? PAGE
  const rows = await deadLetters.list(cursor[0] as number, limit + 1, input.consumer ?? null)
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  return ok({
    letters: page.map(({ seq, consumer, event_key, version, type, cause, created_at }) => {
      return { seq, consumer, key: event_key, version, type, cause, parkedAt: created_at }
    }),
    nextCursor: rows.length > limit && last !== undefined ? encodeCursor([last.seq]) : null,
  })
}
