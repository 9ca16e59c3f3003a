// A ledger whose read-only lane of the coupon gates can be watched and cut.

import type { Lane, Ledger } from '../../platform/sql/ledger.ts'

/** What the gates read, and whether they may. */
export interface GateReads {
  reads: number
  cut: boolean
}

export function watchedGate(ledger: Ledger, seen: GateReads): Ledger {
  const lane = (name: string): Lane => {
    const inner = ledger.lane(name)
    if (name !== 'coupon-gate') return inner
    return {
      transact: (...all) => inner.transact(...all),
      attempt: (...all) => inner.attempt(...all),
      close: () => inner.close(),
      get chains() {
        return inner.chains
      },
      read(reads) {
        seen.reads++
        return seen.cut ? Promise.reject(new Error('cut')) : inner.read(reads)
      },
    }
  }
  return { ...ledger, lane }
}
