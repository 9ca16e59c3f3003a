// From events of orders to rows of the queue. Pure, and cheap: twenty thousand orders a second pass here.

import type { Consumer } from '../../platform/events/consumer.ts'
import type { DomainEvent } from '../../platform/events/event.ts'
import { NEWS } from './mail-rules.ts'
import type { MailQueue } from './store.ts'
import type { MailRow } from './tables.ts'
import type { OrderMail } from './templates.ts'

const TEMPLATES: Readonly<Record<string, string>> = {
  'order.placed': 'order-placed',
  'order.paid': 'order-paid',
  'order.cancelled': 'order-cancelled',
  'order.refunded': 'order-refunded',
}

/** Lines that a mail shows; the longest order has hundreds. */
const LINES_SHOWN = 50

/** What this module reads of an order's event. */
interface OrderPayload {
  readonly orderId: string
  readonly memberId: string | null
  readonly email: string | null
  readonly currency: string
  readonly paid: number
  readonly amount?: number
  readonly lines: readonly { productId: string; quantity: number; revenue: number }[]
}

/** A mail is once by the event's key and version, so a repeated event changes nothing; the queue is the inbox. */
export function orderMailConsumer(queue: MailQueue, clock: () => number): Consumer {
  return {
    name: 'notification.orders',
    types: Object.keys(TEMPLATES),
    handle: events => queue.add(orderMails(events, clock())),
  }
}

/** Orders without a mail address make no mail. `now`: epoch ms. */
export function orderMails(events: readonly DomainEvent[], now: number): MailRow[] {
  const mails: MailRow[] = []
  for (const { type, key, version, payload } of events) {
    const template = TEMPLATES[type]
    const order = payload as unknown as OrderPayload
    if (template === undefined || order.email === null || order.email === undefined) continue
    mails.push({
      mail_id: `${key}:${version}`,
      recipient: order.email,
      template,
      data: JSON.stringify(orderMail(order)),
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

function orderMail(order: OrderPayload): OrderMail {
  return {
    orderId: order.orderId,
    guest: order.memberId === null,
    currency: order.currency,
    amount: order.amount ?? order.paid,
    lines: order.lines.slice(0, LINES_SHOWN).map(line => [line.quantity, line.productId, line.revenue]),
    more: Math.max(0, order.lines.length - LINES_SHOWN),
  }
}
