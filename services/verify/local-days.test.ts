import { describe, expect, test } from 'vitest'
import { dayOf } from '../../modules/bestseller/days.ts'
import { clockSpans, dayText } from './local-days.ts'

const DAY_MS = 86_400_000
const at = (text: string): number => Date.parse(text)

test('a zone that keeps its clocks has one span', () => {
  const spans = clockSpans('Asia/Seoul', at('2010-12-01T00:00:00Z'), at('2011-12-31T00:00:00Z'))
  expect(spans).toEqual([{ from: at('2010-12-01T00:00:00Z'), offset: 9 * 3_600_000 }])
})

test('summer time begins and ends to the second', () => {
  const spans = clockSpans('Europe/London', at('2010-12-01T13:14:15Z'), at('2011-12-31T00:00:00Z'))
  expect(spans).toEqual([
    { from: at('2010-12-01T13:14:15Z'), offset: 0 },
    { from: at('2011-03-27T01:00:00Z'), offset: 3_600_000 },
    { from: at('2011-10-30T01:00:00Z'), offset: 0 },
  ])
})

test('an empty range still says where the clock stands', () => {
  expect(clockSpans('America/New_York', 0, 0)).toEqual([{ from: 0, offset: -5 * 3_600_000 }])
})

// Whole hours, a quarter and a half hour off, half an hour of summer time, and a zone that skipped a day.
describe.each(['Europe/London', 'America/St_Johns', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'Pacific/Apia'])(
  '%s',
  timeZone => {
    test('days by spans are days by the calendar', () => {
      const [first, last] = [at('2010-01-01T00:00:00Z'), at('2012-12-31T23:59:59Z')]
      const spans = clockSpans(timeZone, first, last).reverse()
      for (let moment = first; moment <= last; moment += 12_345_678) {
        const { offset } = spans.find(span => moment >= span.from)!
        expect(dayText(Math.floor((moment + offset) / DAY_MS))).toBe(dayOf(moment, timeZone))
      }
    })
  },
)
