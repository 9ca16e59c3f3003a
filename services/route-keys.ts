// What a call is about, where several instances of a service had better not share it (decision 017): the rows that a
// process wrote last it knows, and decides ahead; another process at the same rows takes that from it.

import type { RouteKey } from '../platform/rpc/routing.ts'
import type { ServiceName } from './plan.ts'

interface About {
  readonly orderId?: unknown
  readonly couponId?: unknown
  readonly memberId?: unknown
  readonly lines?: readonly { readonly productId?: unknown }[]
}

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null)

/** A new order: its first product. Anything else about an order: the order. */
const order: RouteKey = (operation, input) => {
  const about = input as About | undefined
  if (operation === 'order.placeOrder') return text(about?.lines?.[0]?.productId)
  return text(about?.orderId)
}

export const routeKeys: Partial<Record<ServiceName, RouteKey>> = {
  order,
  payment: (_operation, input) => text((input as About | undefined)?.orderId),
  coupon: (_operation, input) => text((input as About | undefined)?.couponId),
  point: (_operation, input) => text((input as About | undefined)?.memberId),
}
