import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { diagnose, type Symptom } from '../diagnosis/diagnose.ts'
import { indicatorById } from '../monitoring/indicators.ts'
import { advance, type Change, HOLD_MS, type Incident } from './incident.ts'

const SECOND = 1_000
const symptom = (id: string, since = 0): Symptom => ({
  ...{ id, since, value: 1, labels: {} },
  level: indicatorById.get(id)!.alarm?.level ?? 'warning',
})

/** Open incidents over time. */
class Desk {
  open: Incident[] = []
  next = 1
  readonly told: string[] = []

  see(now: number, ...symptoms: readonly Symptom[]): Change[] {
    const changes = advance(this.open, diagnose(symptoms), this.next, now)
    for (const change of changes) {
      const { incident } = change
      this.open = this.open.filter(({ number }) => number !== incident.number)
      if (incident.state !== 'resolved') this.open.push(incident)
      if (change.what === 'opened') this.next++
      this.told.push(`${change.what} ${incident.number} ${incident.key} ${incident.level}`)
    }
    return changes
  }
}

it('is opened once for one fault, whatever follows from it, and ends when it stays away', () => {
  const desk = new Desk()
  const redis = symptom('redis-up', 0)
  desk.see(1 * SECOND, redis)
  desk.see(2 * SECOND, redis)
  desk.see(20 * SECOND, redis, symptom('D4', 5 * SECOND))
  desk.see(30 * SECOND)
  desk.see(31 * SECOND)
  desk.see(30 * SECOND + HOLD_MS)
  expect(desk.told).toEqual([
    'opened 1 redis-down critical',
    'changed 1 redis-down critical',
    'recovering 1 redis-down critical',
    'resolved 1 redis-down critical',
  ])
  expect(desk.open).toEqual([])
})

it('goes on as the same when it comes back while it is not believed yet', () => {
  const desk = new Desk()
  for (let i = 0; i < 10; i++) {
    desk.see(2 * i * SECOND, symptom('redis-up'))
    desk.see((2 * i + 1) * SECOND)
    desk.see((2 * i + 1.5) * SECOND)
  }
  expect(desk.next).toBe(2)
})

it('gets its cause when the cause shows itself, and stays one', () => {
  const desk = new Desk()
  desk.see(1 * SECOND, symptom('D12', 0))
  desk.see(2 * SECOND, symptom('D12', 0), symptom('D10', SECOND))
  // Two that nothing explained; then what explains both.
  desk.see(3 * SECOND, symptom('D12', 0), symptom('D10', SECOND), symptom('ledger-up', 2 * SECOND))
  expect(desk.told).toEqual([
    'opened 1 unknown:D12 warning',
    'opened 2 unknown:D10 critical',
    'changed 1 ledger-down emergency',
    'merged 2 unknown:D10 critical',
  ])
})

it('is two where two things fail', () => {
  const desk = new Desk()
  desk.see(SECOND, symptom('redis-up'))
  desk.see(2 * SECOND, symptom('redis-up'), symptom('kafka-up'))
  expect(desk.open.map(({ key }) => key)).toEqual(['redis-down', 'kafka-down'])
})

it('is no milder than it was while it lasts', () => {
  const desk = new Desk()
  desk.see(SECOND, symptom('D9'))
  expect(desk.open[0]!.level).toBe('critical')
  desk.see(2 * SECOND, symptom('D12'), symptom('redis-up'))
  desk.see(3 * SECOND, symptom('redis-up'))
  expect(desk.open.find(({ key }) => key === 'redis-down')!.level).toBe('critical')
})

it('whatever is seen: no two open ones have one key, numbers are given once, and nothing ends that is still seen', () => {
  const ids = [...indicatorById.values()].filter(({ alarm }) => alarm !== null).map(({ id }) => id)
  const looks = fc.array(fc.uniqueArray(fc.constantFrom(...ids), { maxLength: 6 }), { maxLength: 30 })
  fc.assert(
    fc.property(looks, list => {
      const desk = new Desk()
      const numbers = new Set<number>()
      for (const [i, seen] of list.entries()) {
        const changes = desk.see(i * 3 * SECOND, ...seen.map(id => symptom(id, i * 3 * SECOND)))
        for (const change of changes) {
          if (change.what !== 'opened') continue
          expect(numbers.has(change.incident.number)).toBe(false)
          numbers.add(change.incident.number)
        }
        const keys = desk.open.map(({ key }) => key)
        expect(new Set(keys).size).toBe(keys.length)
        const covered = new Set(
          desk.open.flatMap(({ state, symptoms }) => (state === 'open' ? symptoms : [])),
        )
        for (const id of seen) expect(covered.has(id)).toBe(true)
      }
    }),
  )
})
