// Mails do not stay for ever, nor do they wait for ever.

import type { Sweep } from '../../platform/module.ts'
import type { NotificationContext } from './deps.ts'
import { QUEUED_MOST_MS } from './mail-rules.ts'
import { endOldMails } from './store.ts'

/** How long mails that were sent or given up can be looked up, ms: 30 days, as long as people ask. */
const KEPT_MS = 30 * 86_400_000
/** Rows in one run: some tens of ms of the ledger's time. */
const BOUND = 500

export function retentionSweep({ ledger }: NotificationContext): Sweep {
  return {
    name: 'notification.retention',
    every: 60_000,
    bound: BOUND,
    async run(now) {
      let ended = await endOldMails(ledger, 'queued', now - QUEUED_MOST_MS, BOUND, now)
      for (const state of ['sent', 'failed'] as const) {
        if (ended < BOUND) ended += await endOldMails(ledger, state, now - KEPT_MS, BOUND - ended, now)
      }
      return ended
    },
  }
}
