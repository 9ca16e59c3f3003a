// Which events each module hears of, by the names of its consumers: the relay must know it without having the modules.
// `compose.ts` refuses to start a module that says something else.

import { invariant } from '../platform/contract/result.ts'
import type { Consumer } from '../platform/events/consumer.ts'
import type { ModuleName } from './contracts.ts'

export type Hears = Pick<Consumer, 'name' | 'types'>

export const hearsOf: Readonly<Record<ModuleName, readonly Hears[]>> = {
  account: [],
  product: [{ name: 'product.cache', types: ['product.changed'] }],
  order: [
    { name: 'order.offers', types: ['product.changed'] },
    { name: 'order.captured', types: ['payment.captured'] },
  ],
  payment: [],
  point: [{ name: 'point.earn', types: ['order.paid'] }],
  coupon: [],
  bestseller: [{ name: 'bestseller', types: ['order.paid', 'order.refunded'] }],
  notification: [
    {
      name: 'notification.orders',
      types: ['order.placed', 'order.paid', 'order.cancelled', 'order.refunded'],
    },
  ],
  event: [],
  ladder: [],
}

export function checkHears(module: ModuleName, consumers: readonly Consumer[]): void {
  const said = hearsOf[module].map(({ name, types }) => `${name}: ${types.join(' ')}`)
  const is = consumers.map(({ name, types }) => `${name}: ${types.join(' ')}`)
  invariant(
    said.join('; ') === is.join('; '),
    `services/hears-of.ts says that ${module} hears of (${said.join('; ')}), and it hears of (${is.join('; ')})`,
  )
}
