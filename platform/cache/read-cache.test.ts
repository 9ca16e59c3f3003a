import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ReadCache } from './read-cache.ts'

const options = { freshFor: 100, staleness: 200, negativeFor: 50, most: 10, random: () => 0 }

function counted(truth: Map<string, number>) {
  const loads: string[][] = []
  const cache = new ReadCache<number>({
    ...options,
    load: async keys => {
      loads.push([...keys])
      return new Map(keys.flatMap(key => (truth.has(key) ? [[key, truth.get(key)!]] : [])))
    },
  })
  return { cache, loads }
}

describe('the read cache', () => {
  it('asks once for many, and for many keys together', async () => {
    const { cache, loads } = counted(
      new Map([
        ['a', 1],
        ['b', 2],
      ]),
    )
    const answers = await Promise.all(['a', 'b', 'a', 'none'].map(key => cache.get(key, 0)))
    expect(answers).toEqual([1, 2, 1, undefined])
    expect(loads).toEqual([['a', 'b', 'none']])
  })

  it('answers stale once while it refreshes, and never beyond the declared staleness', async () => {
    const truth = new Map([['a', 1]])
    const { cache, loads } = counted(truth)
    await cache.get('a', 0)
    truth.set('a', 2)
    expect(cache.peek('a', 99)).toMatchObject({ value: 1 })
    expect(await cache.get('a', 150)).toBe(1)
    await expect.poll(() => cache.peek('a', 150)?.value).toBe(2)
    truth.set('a', 3)
    expect(await cache.get('a', 350)).toBe(3)
    expect(loads).toHaveLength(3)
  })

  it('remembers for a short time that something does not exist', async () => {
    const truth = new Map<string, number>()
    const { cache, loads } = counted(truth)
    await cache.get('a', 0)
    truth.set('a', 1)
    expect(await cache.get('a', 49)).toBeUndefined()
    expect(await cache.get('a', 50)).toBe(1)
    expect(loads).toHaveLength(2)
  })

  it('does not keep a load that began before the invalidation', async () => {
    const truth = new Map([['a', 1]])
    const { cache } = counted(truth)
    const early = cache.get('a', 0)
    cache.invalidate('a')
    truth.set('a', 2)
    await early
    expect(await cache.get('a', 1)).toBe(2)
  })

  it('stays within its bound, and every answer is younger than declared', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 120 })), {
          maxLength: 60,
        }),
        async steps => {
          let now = 0
          const cache = new ReadCache<number>({
            ...options,
            load: async keys => new Map(keys.map(key => [key, now])),
          })
          for (const [key, pause] of steps) {
            now += pause
            const loadedAt = await cache.get(`k${key}`, now)
            expect(now - loadedAt!).toBeLessThan(options.staleness)
          }
        },
      ),
      { numRuns: 50 },
    )
  })
})
