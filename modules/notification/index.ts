// The notification module: mails about orders and accounts, queued in the ledger, sent at a bounded rate.

import type { Module } from '../../platform/module.ts'
import { Wake } from '../../platform/scheduler/wake.ts'
import type { notificationContract } from './contract.ts'
import { deliverySweep } from './deliver.ts'
import type { NotificationContext, NotificationDeps } from './deps.ts'
import { listMails } from './list-mails.ts'
import { orderMailConsumer } from './order-mails.ts'
import { queueMail } from './queue-mail.ts'
import { retentionSweep } from './retention.ts'
import { retryMail } from './retry-mail.ts'
import { MailQueue } from './store.ts'

export { notificationSchema } from './tables.ts'

export function createNotification(deps: NotificationDeps): Module<typeof notificationContract> {
  const context: NotificationContext = { ...deps, queue: new MailQueue(deps.ledger), urgent: new Wake() }
  return {
    door: {
      listMails: (_call, input) => listMails(context, input),
      retryMail: (call, input) => retryMail(context, call, input),
      queueMail: (_call, input) => queueMail(context, input),
    },
    consumers: [orderMailConsumer(context.queue, deps.clock)],
    sweeps: [deliverySweep(context), retentionSweep(context)],
    // Nothing is held in memory: what was accepted is in the ledger.
    drain: async () => undefined,
  }
}
