// What Redis holds a ranking of: the sums of some days, over all countries or of one. Pure.

import { invariant } from '../../platform/contract/result.ts'
import type { TopRow } from './store.ts'

export interface Scope {
  readonly from: string
  readonly to: string
  /** null: all. */
  readonly country: string | null
}

const DAY_LENGTH = 'YYYY-MM-DD'.length

/** `2010-12-03|2010-12-09`, and `|France` for one country. */
export function scopeName({ from, to, country }: Scope): string {
  return country === null ? `${from}|${to}` : `${from}|${to}|${country}`
}

export function scopeOf(name: string): Scope {
  const from = name.slice(0, DAY_LENGTH)
  const to = name.slice(DAY_LENGTH + 1, 2 * DAY_LENGTH + 1)
  const country = name.length === 2 * DAY_LENGTH + 1 ? null : name.slice(2 * DAY_LENGTH + 2)
  return { from, to, country }
}

export interface Place {
  readonly day: string
  readonly country: string
}

export const covers = ({ from, to, country }: Scope, place: Place): boolean =>
  place.day >= from && place.day <= to && (country === null || country === place.country)

/** How Redis sorts: the best has the lowest score, and of equal ones the smaller id comes first, as in SQL. */
export function scoreOf(row: TopRow, by: 'revenue' | 'units'): number {
  const net = by === 'revenue' ? row.revenue - row.refunded_revenue : row.units - row.refunded_units
  invariant(Number.isSafeInteger(net), `a score of ${net} is not exact`)
  // Not `-net`: minus zero is written otherwise.
  return 0 - net
}

export const packFigures = (row: TopRow): string =>
  `${row.units} ${row.revenue} ${row.refunded_units} ${row.refunded_revenue}`

export function unpackFigures(productId: string, packed: string): TopRow {
  const [units, revenue, refundedUnits, refundedRevenue] = packed.split(' ').map(Number)
  invariant(refundedRevenue !== undefined, `figures of ${productId} cannot be read`)
  return {
    product_id: productId,
    units: units!,
    revenue: revenue!,
    refunded_units: refundedUnits!,
    refunded_revenue: refundedRevenue,
  }
}
