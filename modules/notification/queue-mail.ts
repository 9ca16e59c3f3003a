// A letter that a sibling asks for: in the queue once by its id.

import type { Input, Output } from '../../platform/contract/operation.ts'
import type { Result } from '../../platform/contract/result.ts'
import type { notificationContract } from './contract.ts'
import type { NotificationContext } from './deps.ts'
import { URGENT } from './mail-rules.ts'

export async function queueMail(
  { queue, clock, urgent }: NotificationContext,
  { mailId, to, template, data }: Input<typeof notificationContract.queueMail>,
): Promise<Result<Output<typeof notificationContract.queueMail>>> {
  const now = clock()
  await queue.add([
    {
      mail_id: mailId,
      recipient: to,
      template,
      data: JSON.stringify(data),
      priority: URGENT,
      state: 'queued',
      attempts: 0,
      next_at: now,
      cause: null,
      created_at: now,
    },
  ])
  // Somebody looks at an empty inbox.
  urgent.call()
  return { ok: true, value: { mailId } }
}
