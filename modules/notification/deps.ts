// What the notification module is given.

import type { Log } from '../../platform/log/log.ts'
import type { MailPort } from '../../platform/mail/mail-port.ts'
import type { Clock } from '../../platform/module.ts'
import type { Wake } from '../../platform/scheduler/wake.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import type { MailQueue } from './store.ts'

export interface NotificationSettings {
  /** Most mails a second that one process sends. */
  readonly ratePerSecond: number
}

export interface NotificationDeps {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly log: Log
  readonly settings: NotificationSettings
  readonly mail: MailPort
  /** The secret link to a guest's order. */
  orderLink(orderId: string): string
}

export interface NotificationContext extends NotificationDeps {
  readonly queue: MailQueue
  /** Has what is due sent at once. */
  readonly urgent: Wake
}
