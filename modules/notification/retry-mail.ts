// POST /v1/mails/:mailId/retries: a failed mail gets all its attempts again.

import type { Call } from '../../platform/contract/call.ts'
import type { Input, Output } from '../../platform/contract/operation.ts'
import { type Result, refuse } from '../../platform/contract/result.ts'
import { once } from '../../platform/sql/once.ts'
import type { notificationContract } from './contract.ts'
import type { NotificationContext } from './deps.ts'
import { mailView } from './list-mails.ts'
import { lockMail, requeue } from './store.ts'
import type { NotificationTables } from './tables.ts'

type MailView = Output<typeof notificationContract.retryMail>

export function retryMail(
  { ledger, clock }: NotificationContext,
  call: Call,
  { mailId }: Input<typeof notificationContract.retryMail>,
): Promise<Result<MailView>> {
  const now = clock()
  return once<NotificationTables, MailView>(ledger, call, 'notification.retryMail', now, async tx => {
    const mail = await lockMail(tx, ledger.dialect, mailId)
    if (mail === undefined) return { result: refuse('not_found', `There is no mail ${mailId}.`) }
    if (mail.state !== 'failed') return { result: { ok: true, value: mailView(mail) } }
    const queued = await requeue(tx, mail, now)
    return { result: { ok: true, value: mailView(queued) }, audit: { subject: mailId, detail: {} } }
  })
}
