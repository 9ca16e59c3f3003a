import fc from 'fast-check'
import { expect, it } from 'vitest'
import { RecentSet } from './recent-set.ts'

it('knows what was added last, forgets the oldest, and stays within its bound', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10 }),
      fc.array(fc.record({ id: fc.nat(30), gone: fc.boolean() }), { maxLength: 100 }),
      (most, steps) => {
        const set = new RecentSet(most)
        const truth = new Set<number>()
        for (const { id, gone } of steps) {
          if (gone) {
            set.delete(`${id}`)
            truth.delete(id)
          } else {
            set.add(`${id}`)
            truth.add(id)
            expect(set.has(`${id}`)).toBe(true)
          }
          const known = Array.from({ length: 31 }, (_, i) => i).filter(i => set.has(`${i}`))
          expect(known.every(i => truth.has(i))).toBe(true)
          expect(known.length).toBeLessThanOrEqual(most + 1)
        }
      },
    ),
  )
})
