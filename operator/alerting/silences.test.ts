import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MONDAY } from '../../tests/support/alerts.ts'
import { LEVELS } from '../level.ts'
import { SILENCE_MOST_MS, type Silence, silenceOver, silenceProblem } from './silences.ts'

const HOUR = 3_600_000
const silence = (fields: Partial<Silence> = {}): Silence => ({
  id: 's-1',
  from: MONDAY,
  to: MONDAY + HOUR,
  by: 'dba',
  why: 'Redis moves',
  ...fields,
})
const incident = { key: 'redis:down', level: 'critical', area: 'infrastructure', family: 'memory' } as const

test('covers from its beginning to before its end, and not a moment longer', () => {
  for (const [at, covered] of [
    [MONDAY - 1, false],
    [MONDAY, true],
    [MONDAY + HOUR - 1, true],
    [MONDAY + HOUR, false],
  ] as const)
    expect(silenceOver(incident, [silence()], at) !== null).toBe(covered)
})

test('covers what fits all that it names', () => {
  const covers = (fields: Partial<Silence>) => silenceOver(incident, [silence(fields)], MONDAY) !== null
  expect(covers({ area: 'infrastructure', family: 'memory', key: 'redis:' })).toBe(true)
  expect(covers({ area: 'database' })).toBe(false)
  expect(covers({ family: 'cpu' })).toBe(false)
  expect(covers({ key: 'kafka:' })).toBe(false)
  expect(covers({ most: 'warning' })).toBe(false)
})

test('no emergency is kept quiet unless somebody says so', () => {
  const emergency = { ...incident, level: 'emergency' } as const
  expect(silenceOver(emergency, [silence()], MONDAY)).toBeNull()
  expect(silenceOver(emergency, [silence({ most: 'emergency' })], MONDAY)).not.toBeNull()
  fc.assert(
    fc.property(fc.constantFrom(...LEVELS), fc.constantFrom(...LEVELS), (level, most) => {
      const covered = silenceOver({ ...incident, level }, [silence({ most })], MONDAY) !== null
      expect(covered).toBe(LEVELS.indexOf(level) <= LEVELS.indexOf(most))
    }),
  )
})

test.each<[Partial<Silence>, string]>([
  [{ to: MONDAY }, 'ends before it begins'],
  [{ to: Number.POSITIVE_INFINITY }, 'needs a beginning and an end'],
  [{ to: MONDAY + SILENCE_MOST_MS + 1 }, 'longer than 72 hours'],
  [{ by: ' ' }, 'who asks'],
  [{ why: '' }, 'and why'],
  [{ why: 'x'.repeat(501) }, 'more than 500'],
])('%j is refused', (fields, problem) => {
  expect(silenceProblem(silence(fields))).toContain(problem)
})

test('a right one has no problem', () => {
  expect(silenceProblem(silence())).toBeNull()
})
