// Days of a time zone for SQL, which knows none: where the clock stands how far from UTC. Pure.

/** From `from` on (epoch ms) clocks are `offset` ms ahead of UTC. */
export interface ClockSpan {
  readonly from: number
  readonly offset: number
}

const DAY_MS = 86_400_000
const SECOND_MS = 1_000

/** The spans that cover `first` to `last` (epoch ms), the earliest first; the first one counts for all before it. */
export function clockSpans(timeZone: string, first: number, last: number): ClockSpan[] {
  const offsetAt = offsets(timeZone)
  const spans: ClockSpan[] = [{ from: first, offset: offsetAt(first) }]
  // No zone changes twice within a day.
  for (let at = first; at < last; at += DAY_MS) {
    const offset = offsetAt(at + DAY_MS)
    if (offset === spans.at(-1)!.offset) continue
    spans.push({ from: turn(at, at + DAY_MS, offsetAt), offset })
  }
  return spans
}

/** The first whole second between two moments at which the offset is that of the later one. */
function turn(before: number, after: number, offsetAt: (at: number) => number): number {
  let low = Math.floor(before / SECOND_MS)
  let high = Math.ceil(after / SECOND_MS)
  const wanted = offsetAt(after)
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (offsetAt(middle * SECOND_MS) === wanted) high = middle
    else low = middle
  }
  return high * SECOND_MS
}

/** How far a zone's clocks are ahead of UTC at a moment, ms. */
function offsets(timeZone: string): (at: number) => number {
  const format = new Intl.DateTimeFormat('en-GB', {
    ...{ timeZone, hourCycle: 'h23' },
    ...{
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    },
  })
  return at => {
    const parts: Record<string, number> = {}
    for (const { type, value } of format.formatToParts(at)) parts[type] = Number(value)
    const { year, month, day, hour, minute, second } = parts as Record<string, number>
    const wall = Date.UTC(year!, month! - 1, day, hour, minute, second)
    return wall - Math.floor(at / SECOND_MS) * SECOND_MS
  }
}

/** YYYY-MM-DD of a day counted from 1970-01-01. */
export function dayText(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10)
}
