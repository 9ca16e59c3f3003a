import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ReadCache } from './read-cache.ts'

const options = { freshFor: 100, staleness: 200, negativeFor: 50, most: 10, random: () => 0 }

/** After this turn of the loop, when loads begin. */
const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

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

  it('keeps the old answer when a refresh fails, and asks again only after a pause', async () => {
    let asked = 0
    let fails = false
    const cache = new ReadCache<number>({
      ...options,
      async load(keys) {
        asked++
        if (fails) throw new Error('gone')
        return new Map(keys.map(key => [key, asked]))
      },
    })
    await cache.get('a', 0)
    fails = true
    for (const now of [100, 101, 102]) {
      expect(await cache.get('a', now)).toBe(1)
      await turn()
    }
    expect(asked).toBe(2)
    expect(await cache.get('a', 110)).toBe(1)
    await turn()
    expect(asked).toBe(3)
    await expect(cache.get('a', 200)).rejects.toThrow('gone')
    fails = false
    expect(await cache.get('a', 201)).toBe(5)
  })

  it('does not believe what was loaded in a time to come: the clock was set back', async () => {
    const truth = new Map([['a', 1]])
    const { cache } = counted(truth)
    await cache.get('a', 10_000)
    truth.set('a', 2)
    expect(await cache.get('a', 5_000)).toBe(2)
  })

  it('forgets everything, loads under way too', async () => {
    const truth = new Map([['a', 1]])
    const { cache } = counted(truth)
    const early = cache.get('a', 0)
    cache.clear()
    truth.set('a', 2)
    await early
    expect(cache.peek('a', 1)).toBeNull()
    expect(await cache.get('a', 1)).toBe(2)
  })

  it('keeps as many as it may: whoever was loaded longest ago makes room', async () => {
    const { cache, loads } = counted(new Map(Array.from({ length: 11 }, (_, i) => [`k${i}`, i])))
    for (let i = 0; i < 11; i++) await cache.get(`k${i}`, i)
    expect(cache.peek('k0', 20)).toBeNull()
    for (let i = 1; i < 11; i++)
      expect(cache.peek(`k${i}`, 20)).toEqual(expect.objectContaining({ value: i }))
    expect(loads).toHaveLength(11)
    expect(cache.counts).toEqual({ hits: 10, stale: 0, misses: 11 })
  })

  it('answers nothing older than declared or than the last change told of, however slow and unsure the loads', async () => {
    const key = fc.constantFrom('a', 'b')
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ kind: fc.constant('read' as const), key }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(150) }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('finish' as const), which: fc.nat(5) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('fail' as const), which: fc.nat(5) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('change' as const), key }) },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async steps => {
        let now = 0
        // Every answer says when it was true; loads end when the steps say so.
        const loads: { finish(): void; fail(): void }[] = []
        const cache = new ReadCache<{ trueAt: number }>({
          ...options,
          load: keys =>
            new Promise((resolve, reject) => {
              const answer = new Map(keys.map(each => [each, { trueAt: now }]))
              loads.push({ finish: () => resolve(answer), fail: () => reject(new Error('gone')) })
            }),
        })
        const changedAt = new Map<string, number>()
        const reads: Promise<void>[] = []
        for (const each of steps) {
          if (each.kind === 'pass') now += each.ms
          else if (each.kind === 'read') {
            const least = Math.max(now - options.staleness, changedAt.get(each.key) ?? 0)
            reads.push(
              cache.get(each.key, now).then(
                answer => expect(answer!.trueAt).toBeGreaterThanOrEqual(least),
                error => expect((error as Error).message).toBe('gone'),
              ),
            )
          } else if (each.kind === 'change') {
            // The next moment: what was true before is not any more.
            changedAt.set(each.key, ++now)
            cache.invalidate(each.key)
          } else if (loads.length > 0) {
            const [load] = loads.splice(each.which % loads.length, 1)
            if (each.kind === 'finish') load!.finish()
            else load!.fail()
          }
          await turn()
        }
        for (const load of loads) load.finish()
        await Promise.all(reads)
      }),
      { numRuns: 300 },
    )
  })

  it('asks for a key again only when its load has ended, or hangs longer than its answer is worth', async () => {
    const loads: string[][] = []
    const cache = new ReadCache<number>({
      ...options,
      load: keys => {
        loads.push([...keys])
        return new Promise(() => undefined)
      },
    })
    for (const now of [0, 50, 199, 200, 250, 399]) {
      void cache.get('a', now)
      await turn()
    }
    expect(loads).toEqual([['a'], ['a']])
  })

  it('does not join a load whose answer may have been true long before it began', async () => {
    const ends: (() => void)[] = []
    const cache = new ReadCache<{ trueAt: number }>({
      ...options,
      olderBy: 80,
      asOf: value => value.trueAt,
      load: keys =>
        new Promise(resolve => {
          const trueAt = 920 + 150 * ends.length
          ends.push(() => resolve(new Map(keys.map(key => [key, { trueAt }]))))
        }),
    })
    const first = cache.get('a', 1_000)
    await turn()
    const [joined, late] = [cache.get('a', 1_119), cache.get('a', 1_150)]
    await turn()
    for (const end of ends) end()
    expect([await first, await joined]).toEqual([{ trueAt: 920 }, { trueAt: 920 }])
    expect(await late).toEqual({ trueAt: 1_070 })
  })

  it('gives what came too late for a short while, and does not ask at every read', async () => {
    const loads: number[] = []
    let trueAt = 500
    const cache = new ReadCache<{ trueAt: number }>({
      ...options,
      lateFor: 20,
      asOf: value => value.trueAt,
      async load(keys) {
        loads.push(trueAt)
        return new Map(keys.map(key => [key, { trueAt }]))
      },
    })
    const late = { trueAt: 500 }
    expect(await cache.get('a', 1_000)).toEqual(late)
    expect(cache.peek('a', 1_009)?.value).toEqual(late)
    expect(loads).toHaveLength(1)
    trueAt = 1_000
    expect(cache.peek('a', 1_019)?.value).toEqual(late)
    await expect.poll(() => cache.peek('a', 1_019)?.value).toEqual({ trueAt })
    trueAt = 1_100
    expect(await cache.get('a', 1_200)).toEqual({ trueAt })
    expect(loads).toEqual([500, 1_000, 1_100])
  })

  it('refreshes what is outdated at its next read, and does not keep a load from before', async () => {
    const ends: (() => void)[] = []
    const cache = new ReadCache<number>({
      ...options,
      load: keys =>
        new Promise(resolve => {
          const value = ends.length
          ends.push(() => resolve(new Map(keys.map(key => [key, value]))))
        }),
    })
    const first = cache.get('a', 0)
    await turn()
    ends[0]!()
    expect(await first).toBe(0)
    cache.outdate()
    expect(cache.peek('a', 1)?.value).toBe(0)
    await turn()
    expect(ends).toHaveLength(2)
    cache.outdate()
    ends[1]!()
    await turn()
    expect(cache.peek('a', 2)?.value).toBe(0)
    await turn()
    expect(ends).toHaveLength(3)
    ends[2]!()
    await turn()
    expect(cache.peek('a', 3)?.value).toBe(2)
    await turn()
    expect(ends).toHaveLength(3)
  })
})
