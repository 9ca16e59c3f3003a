// Everything that is proven, in the order of the report. A new check is one line here and a planted fault in the test.

import type { Check } from './check.ts'
import { couponLine, couponQuotas, couponsAgainstOrders } from './check-coupons.ts'
import { eventsDelivered, inboxVersions } from './check-events.ts'
import { orderRefunds, orderStates, orderTotals } from './check-orders.ts'
import { capturesAgainstOrders, refundsOfMoney } from './check-payments.ts'
import { pointBalances, pointEntries, pointsAgainstOrders } from './check-points.ts'
import { ranking } from './check-ranking.ts'
import { stockAgainstOrders, stockEquation, stockJournal } from './check-stock.ts'

export const checks: readonly Check[] = [
  stockEquation,
  stockAgainstOrders,
  stockJournal,
  orderTotals,
  orderStates,
  orderRefunds,
  capturesAgainstOrders,
  refundsOfMoney,
  pointEntries,
  pointBalances,
  pointsAgainstOrders,
  couponQuotas,
  couponLine,
  couponsAgainstOrders,
  eventsDelivered,
  inboxVersions,
  ranking,
]
