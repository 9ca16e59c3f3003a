import fc from 'fast-check'
import { expect, it } from 'vitest'
import { runsOfNumbers } from './statements.ts'

it('runs hold exactly the numbers given, in order, and none could be joined with the next', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(200)), numbers => {
      const runs = runsOfNumbers(numbers)
      const held = runs.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i))
      expect(held).toEqual([...numbers].sort((a, b) => a - b))
      for (const [i, [from]] of runs.entries()) if (i > 0) expect(from).toBeGreaterThan(runs[i - 1]![1] + 1)
    }),
  )
})
