// Moves of a payment within a turn: compare-and-set, with the fence of the turn.

import type { Call } from '../../platform/contract/call.ts'
import type { Result } from '../../platform/contract/result.ts'
import { type PaymentContext, submit } from './deps.ts'
import { letsGo } from './hold.ts'
import type { Turn } from './lock.ts'
import type { MoveRequest } from './requests.ts'
import type { PaymentRow } from './tables.ts'

/** Pauses between looks at an unknown payment, ms: at once, then slower, a minute at most. */
export const FIRST_CHECK_MS = 1_000
const LAST_CHECK_MS = 60_000

/** One payment in one turn. */
export interface Settling {
  readonly context: PaymentContext
  readonly call: Call
  readonly turn: Turn
}

export async function move(
  { context, call, turn }: Settling,
  payment: PaymentRow,
  change: Pick<MoveRequest, 'to'> & Partial<Pick<MoveRequest, 'cause' | 'nextCheckAt'>>,
): Promise<Result<PaymentRow>> {
  const { payment_id: paymentId, order_id: orderId } = payment
  const request = {
    kind: 'move',
    paymentId,
    orderId,
    fence: turn.fence,
    cause: null,
    nextCheckAt: null,
  } as const
  const moved = await submit<PaymentRow>(context, call, { ...request, ...change })
  if (moved.ok && moved.value.state === change.to && payment.state !== change.to && letsGo(change.to))
    turn.held = false
  return moved
}

/** When the sweep looks again, epoch ms. */
export function nextCheck({ context }: Settling, { checks }: PaymentRow): number {
  return context.clock() + Math.min(FIRST_CHECK_MS * 2 ** checks, LAST_CHECK_MS)
}

/** No answer: the payment stays open, its order stays claimed, the sweep asks. */
export function bookUnknown(settling: Settling, payment: PaymentRow): Promise<Result<PaymentRow>> {
  return move(settling, payment, { to: 'unknown', nextCheckAt: nextCheck(settling, payment) })
}
