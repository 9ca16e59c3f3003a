import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { atFirst, evaluate, STALE_MS, type Standing, type State, type Transition } from './evaluate.ts'

const S = 1_000
const thresholds = { bad: 'high', enter: 10, leave: 5, stay: 3 * S, calm: 4 * S } as const

/** One value a second from second 1 on; null: nobody saw one. */
function run(values: readonly (number | null)[], begin: Standing = atFirst(0)) {
  let standing = begin
  const found: Transition[] = []
  for (const [i, value] of values.entries()) {
    const judged = evaluate(standing, thresholds, { value, count: 1, labels: {} }, (i + 1) * S)
    standing = judged.standing
    if (judged.transition !== null) found.push(judged.transition)
  }
  return {
    standing,
    found: found.map(({ from, to, at, since }) => [from, to, at / S, since / S]),
    transitions: found,
  }
}
const many = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value)

it('enters after its stay, and says since when it was true', () => {
  expect(run([0, 11, 11, 11, 11]).found).toEqual([
    ['unknown', 'well', 1, 1],
    ['well', 'bad', 5, 2],
  ])
})

it('does not enter for a moment, nor leave for one', () => {
  expect(run([0, 11, 11, 0, 11, 11, 0]).found).toEqual([['unknown', 'well', 1, 1]])
  const bad = run([11, 11, 11, 11]).standing
  expect(run([4, 4, 4, 11, 4, 4], bad).found).toEqual([])
})

it('stays as it is between both thresholds', () => {
  const bad = run([11, 11, 11, 11]).standing
  expect(run(many(20, 7), bad).found).toEqual([])
  expect(run([0, ...many(20, 7)]).found).toHaveLength(1)
})

it('leaves after its calm', () => {
  const bad = run([11, 11, 11, 11]).standing
  expect(run([5, 5, 5, 5, 5], bad).found).toEqual([['bad', 'well', 5, 1]])
})

it('is unknown when nobody has seen it for long, but never well for that', () => {
  const seconds = STALE_MS / S
  expect(run([0, ...many(seconds, null)]).found.at(-1)).toEqual(['well', 'unknown', seconds + 1, 1])
  const bad = run([11, 11, 11, 11]).standing
  expect(run(many(600, null), bad).found).toEqual([])
})

it('counts no time in which nobody saw it', () => {
  expect(run([0, 11, null, 11, 11, null, 11, 11]).found).toHaveLength(1)
})

const OTHERS: Readonly<Record<State, readonly State[]>> = {
  unknown: ['well', 'bad'],
  well: ['unknown', 'bad'],
  bad: ['well'],
}

it('of any values: each transition begins where the last ended, and none to bad or well without a value beyond', () => {
  const values = fc.array(fc.oneof(fc.constant(null), fc.integer({ min: 0, max: 20 })), { maxLength: 200 })
  fc.assert(
    fc.property(values, list => {
      let state: State = 'unknown'
      for (const { from, to, value, since, at } of run(list).transitions) {
        expect(from).toBe(state)
        expect(OTHERS[from]).toContain(to)
        if (to === 'bad') expect(value).toBeGreaterThan(thresholds.enter)
        if (from === 'bad') expect(value).toBeLessThanOrEqual(thresholds.leave)
        if (to === 'bad') expect(at - since).toBeGreaterThanOrEqual(thresholds.stay)
        state = to
      }
    }),
  )
})
