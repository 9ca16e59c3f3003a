// What customers had of it, counted: how many requests there were while it lasted, and how many of them failed. Pure.

import { type History, increase } from '../monitoring/history.ts'
import type { Selector } from '../monitoring/samples.ts'
import { answers, FAILED } from '../monitoring/sources.ts'

export interface Impact {
  /** Requests answered while it lasted; null: nobody counted. */
  readonly requests: number | null
  /** Of these, answered with a failure. */
  readonly failed: number | null
  readonly ordersNotPlaced: number | null
  readonly paymentsNotMade: number | null
  readonly claimsNotTaken: number | null
}

const ALL = 'http_server_request_duration_seconds_count'

export function impactOf(history: History, from: number, to: number): Impact {
  const grown = (of: Selector): number | null => {
    const series = history.within(of, to - from, to)
    return series.length === 0 ? null : series.reduce((sum, { points }) => sum + increase(points), 0)
  }
  const requests = grown({ name: ALL })
  // Where requests were counted, failures that nobody counted were none.
  const failed = (of: Selector): number | null => (requests === null ? null : Math.round(grown(of) ?? 0))
  return {
    requests: requests === null ? null : Math.round(requests),
    failed: failed({ name: ALL, labels: { http_response_status_code: FAILED } }),
    ordersNotPlaced: failed(answers('/v1/orders', 'POST', true)),
    paymentsNotMade: failed(answers('/v1/orders/:orderId/payments', 'POST', true)),
    claimsNotTaken: failed(answers('/v1/coupons/:couponId/claims', 'POST', true)),
  }
}
