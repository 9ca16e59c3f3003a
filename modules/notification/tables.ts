// The queue of mails. Only this module reads and writes it.

import type { Schema } from '../../platform/sql/schema.ts'

export interface MailRow {
  mail_id: string
  recipient: string
  template: string
  /** What the template needs, as JSON; erased once sent: it may hold a secret link. */
  data: string
  /** 0: somebody waits for it; 1: news. */
  priority: number
  state: string
  attempts: number
  /** Queued: when it is due. Else when it was sent or given up. Epoch ms. */
  next_at: number
  cause: string | null
  created_at: number
}

export interface NotificationTables {
  mails: MailRow
}

export const notificationSchema: Schema = {
  '2026-11-23-notification': t => [
    // One index serves the queue, the lists and the retention: each reads one state along its time.
    `CREATE TABLE mails (
      mail_id ${t.text(120)} NOT NULL PRIMARY KEY, recipient ${t.text(254)} NOT NULL, template ${t.id} NOT NULL,
      data ${t.long} NOT NULL, priority ${t.int} NOT NULL, state ${t.id} NOT NULL, attempts ${t.int} NOT NULL,
      next_at ${t.int} NOT NULL, cause ${t.text(200)}, created_at ${t.int} NOT NULL) ${t.table}`,
    'CREATE INDEX mails_due ON mails (state, priority, next_at, mail_id)',
  ],
  '2026-11-23-notification-defaults': t => t.defaults('mails', { state: 'queued', attempts: 0 }),
}
