// A paid order earns its member points: by event, once per order whatever is delivered twice.

import { systemCall } from '../../platform/contract/call.ts'
import type { Consumer } from '../../platform/events/consumer.ts'
import { refusedEvent } from '../../platform/events/not-now.ts'
import type { PointContext } from './deps.ts'

/** Floors, so that taking parts back never takes more than was given. */
export function pointsEarned(paidMinor: number, percent: number): number {
  return Number((BigInt(paidMinor) * BigInt(percent)) / 100n)
}

export function earnConsumer(context: PointContext): Consumer {
  return {
    name: 'point.earn',
    types: ['order.paid'],
    async handle(events) {
      const results = await Promise.all(
        events.map(event => {
          const { orderId, memberId, paid } = event.payload as {
            orderId: string
            memberId?: string | null
            paid: number
          }
          const points = pointsEarned(paid, context.settings.earnPercent)
          if (memberId === undefined || memberId === null || points === 0) return { ok: true } as const
          const call = systemCall(`event-${event.key}`, context.clock())
          return context.combiner.submit(call, { kind: 'earn', memberId, orderId, points })
        }),
      )
      const failed = results.find(result => !result.ok)
      if (failed !== undefined && !failed.ok) throw refusedEvent('points not booked', failed.refusal)
    },
  }
}
