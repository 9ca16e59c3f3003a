// From events of orders to rows of the queue. The event stays as it is until its mail is written.

import type { Consumer } from '../../platform/events/consumer.ts'
import type { DomainEvent } from '../../platform/events/event.ts'
import { NEWS } from './mail-rules.ts'
import type { MailQueue } from './store.ts'
import type { MailRow } from './tables.ts'

/** Events that somebody is written about; each is the name of its mail too. */
const TYPES = ['order.placed', 'order.paid', 'order.cancelled', 'order.refunded']

/** A mail is once by the event's key and version, so a repeated event changes nothing; the queue is the inbox. */
export function orderMailConsumer(queue: MailQueue, clock: () => number): Consumer {
  return {
    name: 'notification.orders',
    types: TYPES,
    handle: events => queue.add(orderMails(events, clock())),
    copy: {
      table: 'mails',
      // What `orderMails` makes, except that a mail made here counts from its event.
      columns: field => ({
        mail_id: "CONCAT(event_key, ':', version)",
        recipient: field('email'),
        template: 'type',
        data: 'payload',
        priority: String(NEWS),
        state: "'queued'",
        attempts: '0',
        next_at: 'created_at',
        created_at: 'created_at',
      }),
      where: field => `${field('email')} IS NOT NULL`,
    },
  }
}

/** Orders without a mail address make no mail. `now`: epoch ms. */
export function orderMails(events: readonly DomainEvent[], now: number): MailRow[] {
  const mails: MailRow[] = []
  for (const { type, key, version, payload } of events) {
    const { email } = payload as { email?: string | null }
    if (email === null || email === undefined) continue
    mails.push({
      mail_id: `${key}:${version}`,
      recipient: email,
      template: type,
      data: JSON.stringify(payload),
      priority: NEWS,
      state: 'queued',
      attempts: 0,
      next_at: now,
      cause: null,
      created_at: now,
    })
  }
  return mails
}
