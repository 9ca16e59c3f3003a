// Events that lie in the outbox because nobody took them out, and how fast they leave once somebody does.

import { sql } from 'kysely'
import type { Call } from '../../platform/contract/call.ts'
import { newId } from '../../platform/ids.ts'
import type { BenchShop } from './bench-shop.ts'
import { manyAtOnce, whileItHangs } from './closed-shop.ts'

/** Of a complete order: those that go through Kafka. `order.placed` becomes a mail, which the relay writes itself. */
export const THROUGH_KAFKA = ['order.paid', 'payment.captured'] as const
/** Pause between looks at the outbox, ms: each counts the events that are left. */
const LOOK_EVERY_MS = 40
const PATIENCE_MS = 120_000
const DEADLINE_MS = 10_000

export interface Emptied {
  /** Events a second that left the outbox: of those that go through Kafka. */
  readonly perSecond: number
  readonly events: number
  readonly problem: string | null
}

/** `orders` complete orders of this product are placed and paid while the shop hangs; then it goes on, alone. */
export async function emptyOutbox(
  shop: BenchShop,
  { productId, price }: { readonly productId: string; readonly price: number },
  orders: number,
): Promise<Emptied> {
  await whileItHangs(shop, doors =>
    manyAtOnce(orders, async () => {
      const line = { productId, quantity: 1 }
      const placed = await doors.order.placeOrder(callOf(), {
        lines: [line],
        expectedTotal: price,
        email: 'guest@example.org',
      })
      if (!placed.ok) throw new Error(`an order was refused: ${placed.refusal.detail}`)
      const { orderId } = placed.value
      const paid = await doors.payment.payOrder(callOf(), { orderId, token: 'tok_ok' })
      if (!paid.ok) throw new Error(`a payment was refused: ${paid.refusal.detail}`)
    }),
  )
  const events = await eventsLeft(shop)
  const started = performance.now()
  let first: { readonly at: number; readonly left: number } | null = null
  for (;;) {
    const left = await eventsLeft(shop)
    const at = performance.now()
    // What it needs to find its leases again is not part of its rate.
    if (left < events) first ??= { at, left }
    if (left === 0 && first !== null)
      return { perSecond: (first.left * 1000) / (at - first.at), events, problem: null }
    if (at - started > PATIENCE_MS)
      return {
        perSecond: Number.NaN,
        events,
        problem: `${left} of ${events} events did not leave the outbox`,
      }
    await new Promise(resolve => setTimeout(resolve, LOOK_EVERY_MS))
  }
}

async function eventsLeft(shop: BenchShop): Promise<number> {
  const types = sql.join(THROUGH_KAFKA)
  const { rows } = await sql<{ count: number }>`SELECT COUNT(*) AS count FROM outbox
    WHERE type IN (${types})`.execute(shop.ledger.reads())
  return Number(rows[0]?.count)
}

function callOf(): Call {
  const key = newId()
  return {
    principal: { kind: 'guest', id: 'g_bench', roles: ['customer'], channelId: null, email: null },
    requestId: key,
    deadline: Date.now() + DEADLINE_MS,
    idempotency: { id: key.slice(-22), fingerprint: 'bench' },
  }
}
