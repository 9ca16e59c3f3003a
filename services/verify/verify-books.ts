// All checks on one snapshot. The shop may run meanwhile: nothing is locked, nothing is written.

import type { Ledger } from '../../platform/sql/ledger.ts'
import type { AllTables, Finding } from './check.ts'
import { checks } from './checks.ts'

export interface CheckResult extends Finding {
  readonly name: string
  readonly proves: string
}

export interface VerifyOptions {
  readonly timeZone: string
  readonly earnPercent: number
  readonly now?: () => number
  /** Told before each check. */
  readonly onCheck?: (name: string, done: number) => void
}

export function verifyBooks(ledger: Ledger, options: VerifyOptions): Promise<CheckResult[]> {
  const { timeZone, earnPercent, now = Date.now, onCheck } = options
  return ledger.snapshot<AllTables, CheckResult[]>(async tx => {
    const books = { tx, dialect: ledger.dialect, timeZone, earnPercent, now: now() }
    const results: CheckResult[] = []
    for (const check of checks) {
      onCheck?.(check.name, results.length)
      results.push({ name: check.name, proves: check.proves, ...(await check.run(books)) })
    }
    return results
  })
}
