import fc from 'fast-check'
import { expect, it } from 'vitest'
import { faultNames } from './fault-names.ts'
import { Random } from './random.ts'
import { type PlannedFault, planFaults } from './schedule.ts'
import { planVisit } from './visit.ts'

const seeds = fc.integer({ min: 0, max: 2 ** 31 })
const real = { load: 40_000, shops: 3, embedded: false }
const plan = (seed: number, options: Parameters<typeof planFaults>[1] = real) =>
  planFaults(new Random(seed), options)
const overlap = (a: PlannedFault, b: PlannedFault) => a.at < b.at + b.lasts && b.at < a.at + a.lasts

it('plans the same for the same seed, and something else for another', () => {
  expect(plan(7)).toEqual(plan(7))
  expect(plan(7)).not.toEqual(plan(8))
})

it('plans 3 to 8 faults that end before the load does, and one at a time in each place', () => {
  fc.assert(
    fc.property(seeds, seed => {
      const faults = plan(seed)
      expect(faults.length).toBeGreaterThanOrEqual(3)
      expect(faults.length).toBeLessThanOrEqual(8)
      for (const fault of faults) {
        expect(fault.at).toBeGreaterThan(0)
        expect(fault.at + fault.lasts).toBeLessThan(real.load)
        for (const other of faults)
          if (other !== fault && other.place === fault.place) expect(overlap(fault, other)).toBe(false)
      }
    }),
  )
})

it('reaches every fault, and every process', () => {
  const all = Array.from({ length: 200 }, (_, seed) => plan(seed)).flat()
  expect(new Set(all.map(({ name }) => name)).size).toBe(faultNames.length)
  for (const place of ['shop-0', 'shop-1', 'shop-2'])
    expect(all.some(fault => fault.place === place)).toBe(true)
})

it('only kills where there are no engines', () => {
  const faults = plan(3, { load: 12_000, shops: 1, embedded: true, count: 3 })
  expect(faults.map(({ name, place }) => [name, place])).toEqual(Array(3).fill(['shop killed', 'shop-0']))
})

it('gives each customer plans of its own, which nobody else moves', () => {
  const wares = { productIds: ['a', 'b'], couponIds: ['c'] }
  const visits = (name: string, between = 0) => {
    const random = new Random(5)
    const own = random.fork(name)
    return Array.from({ length: 20 }, () => {
      for (let i = 0; i < between; i++) random.next()
      return planVisit(own, wares)
    })
  }
  expect(visits('m1', 3)).toEqual(visits('m1'))
  expect(visits('m2')).not.toEqual(visits('m1'))
})
