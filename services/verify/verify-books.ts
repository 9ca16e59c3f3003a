// All checks on one snapshot. The shop may run meanwhile: nothing is locked, nothing is written.

import type { Ledger } from '../../platform/sql/ledger.ts'
import type { AllTables, Check, Finding } from './check.ts'
import { couponQuotas, couponsAgainstOrders } from './check-coupons.ts'
import { deadLetters, inboxVersions } from './check-events.ts'
import { orderRefunds, orderTotals } from './check-orders.ts'
import { capturesAgainstOrders, refundsOfMoney } from './check-payments.ts'
import { pointBalances, pointEntries, pointsAgainstOrders } from './check-points.ts'
import { ranking } from './check-ranking.ts'
import { stockAgainstOrders, stockEquation, stockJournal } from './check-stock.ts'

export const checks: readonly Check[] = [
  stockEquation,
  stockAgainstOrders,
  stockJournal,
  orderTotals,
  orderRefunds,
  capturesAgainstOrders,
  refundsOfMoney,
  pointEntries,
  pointBalances,
  pointsAgainstOrders,
  couponQuotas,
  couponsAgainstOrders,
  deadLetters,
  inboxVersions,
  ranking,
]

export interface CheckResult extends Finding {
  readonly name: string
  readonly proves: string
}

export interface VerifyOptions {
  readonly timeZone: string
  readonly earnPercent: number
  /** Told before each check. */
  readonly onCheck?: (name: string, done: number) => void
}

export function verifyBooks(ledger: Ledger, options: VerifyOptions): Promise<CheckResult[]> {
  const { timeZone, earnPercent, onCheck } = options
  return ledger.snapshot<AllTables, CheckResult[]>(async tx => {
    const results: CheckResult[] = []
    for (const check of checks) {
      onCheck?.(check.name, results.length)
      const found = await check.run({ tx, dialect: ledger.dialect, timeZone, earnPercent })
      results.push({ name: check.name, proves: check.proves, ...found })
    }
    return results
  })
}
