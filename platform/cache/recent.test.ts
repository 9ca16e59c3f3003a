import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Recent } from './recent.ts'

it('keeps the newest half at least, and never more than its bound', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50), { maxLength: 300 }), fc.integer({ min: 2, max: 40 }), (keys, most) => {
      const recent = new Recent<number, number>(most)
      const lately: number[] = []
      for (const [at, key] of keys.entries()) {
        recent.set(key, at)
        lately.push(key)
        expect(recent.size).toBeLessThanOrEqual(most)
        for (const each of lately.slice(-(most >> 1)))
          expect(recent.get(each)).toBe(keys.lastIndexOf(each, at))
      }
    }),
  )
})

it('forgets what is old', () => {
  const recent = new Recent<string, number>(4)
  for (let i = 0; i < 5; i++) recent.set(`k${i}`, i)
  expect(recent.get('k0')).toBeUndefined()
  expect(recent.get('k4')).toBe(4)
})
