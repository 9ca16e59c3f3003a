// GET /v1/mails: what was sent, waits or failed, for operators.

import { decodeCursor, encodeCursor } from '../../platform/contract/cursor.ts'
import type { Input, Output } from '../../platform/contract/operation.ts'
import { type Result, refuse } from '../../platform/contract/result.ts'
import type { notificationContract } from './contract.ts'
import type { NotificationContext } from './deps.ts'
import { mailsInState } from './store.ts'
import type { MailRow } from './tables.ts'

const PAGE = 20
type MailView = Output<typeof notificationContract.retryMail>

export async function listMails(
  { ledger }: NotificationContext,
  input: Input<typeof notificationContract.listMails>,
): Promise<Result<Output<typeof notificationContract.listMails>>> {
  const limit = input.limit ?? PAGE
  const parts = input.cursor === undefined ? null : decodeCursor(input.cursor, ['number', 'string'])
  if (parts === null && input.cursor !== undefined)
    return refuse('invalid_request', 'This cursor is none of ours.')
  const cursor = parts && { nextAt: parts[0] as number, mailId: parts[1] as string }
  const rows = await mailsInState(ledger, input.state ?? 'failed', limit + 1, cursor)
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  const nextCursor =
    rows.length > limit && last !== undefined ? encodeCursor([last.next_at, last.mail_id]) : null
  return { ok: true, value: { mails: page.map(mailView), nextCursor } }
}

export function mailView(row: Omit<MailRow, 'data'>): MailView {
  return {
    mailId: row.mail_id,
    to: row.recipient,
    template: row.template,
    state: row.state as MailView['state'],
    attempts: row.attempts,
    cause: row.cause,
    createdAt: row.created_at,
    nextAt: row.next_at,
  }
}
