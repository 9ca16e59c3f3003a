// How a discount and points are spread over lines, and what some units of a line are worth. Pure.

/**
 * Spreads `amount` over lines in proportion to their `weights` (minor units): floors, then one unit each to
 * the largest remainders, the earlier line first. The shares add up to `amount`; none exceeds its weight
 * as long as `amount` does not exceed the sum of the weights.
 */
export function allocate(amount: number, weights: readonly number[]): number[] {
  const sum = weights.reduce((total, weight) => total + BigInt(weight), 0n)
  if (amount === 0 || sum === 0n) return weights.map(() => 0)
  const exact = weights.map(weight => BigInt(amount) * BigInt(weight))
  const shares = exact.map(value => Number(value / sum))
  let left = amount - shares.reduce((total, share) => total + share, 0)
  const byRemainder = exact
    .map((value, line) => ({ line, remainder: value % sum }))
    .sort((a, b) => (a.remainder === b.remainder ? a.line - b.line : a.remainder < b.remainder ? 1 : -1))
  for (const { line } of byRemainder) {
    if (left === 0) break
    shares[line]!++
    left--
  }
  return shares
}

/**
 * What units `from`+1 … `to` of `of` are worth when all of them are worth `total`: cumulative floors, so that
 * any way of taking them adds up to `total` exactly.
 */
export function shareOfUnits(total: number, of: number, from: number, to: number): number {
  if (of === 0) return 0
  return upTo(total, of, to) - upTo(total, of, from)
}

function upTo(total: number, of: number, units: number): number {
  // Exact: the product may pass 2^53.
  return Number((BigInt(total) * BigInt(units)) / BigInt(of))
}

export interface ValuedLine {
  readonly quantity: number
  readonly unit_price: number
  readonly discount: number
  readonly points: number
  readonly cancelled: number
  readonly refunded: number
}

/** What is left of a line's discount and points after its cancelled units took their share. */
export function leftOf(line: ValuedLine): { units: number; discount: number; points: number; net: number } {
  const units = line.quantity - line.cancelled
  const discount = line.discount - shareOfUnits(line.discount, line.quantity, 0, line.cancelled)
  const points = line.points - shareOfUnits(line.points, line.quantity, 0, line.cancelled)
  return { units, discount, points, net: units * line.unit_price - discount - points }
}

/** What the next `quantity` units of a paid line give back: money, points, and revenue before both. */
export function refundOf(
  line: ValuedLine,
  quantity: number,
): { value: number; points: number; revenue: number } {
  const { units, net, points } = leftOf(line)
  const to = line.refunded + quantity
  return {
    value: shareOfUnits(net, units, line.refunded, to),
    points: shareOfUnits(points, units, line.refunded, to),
    revenue: quantity * line.unit_price,
  }
}
