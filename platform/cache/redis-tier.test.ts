import fc from 'fast-check'
import { expect, it } from 'vitest'
import { FakeRedis } from '../../tests/support/fake-redis.ts'
import { families, keyOf } from '../redis/keys.ts'
import { ReadCache } from './read-cache.ts'
import { RedisTier } from './redis-tier.ts'

interface Value {
  readonly n: number
  readonly trueAt: number
}

const STALENESS = 200
const BELIEVED = 80
const family = { ...families.product, ttl: STALENESS }
const key = keyOf('test', family, 'a')
/** After this turn of the loop, when loads begin and what follows them is done. */
const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

/** A process before the ledger `truth`; loads end when `gate` lets them. */
function bed(gate: () => Promise<void> = async () => undefined) {
  const world = { now: 1_000, n: 1, loads: 0 }
  const clock = () => world.now
  const redis = new FakeRedis(clock)
  const tier = () =>
    new RedisTier<Value>({
      ...{ redis, prefix: 'test', family, clock, believedFor: BELIEVED, random: () => 0 },
      async load(keys) {
        world.loads++
        const value = { n: world.n, trueAt: world.now }
        await gate()
        return new Map(keys.filter(each => each !== 'none').map(each => [each, value]))
      },
      asOf: value => value.trueAt,
      encode: JSON.stringify,
      decode: (_key, text) => JSON.parse(text) as Value,
    })
  return { world, redis, tier }
}

it('what one process loaded the others need not, and what there is not is asked for by each', async () => {
  const { world, tier } = bed()
  const [one, two] = [tier(), tier()]
  expect((await one.load(['a', 'none'])).get('a')).toEqual({ n: 1, trueAt: 1_000 })
  expect(await two.load(['a'])).toEqual(new Map([['a', { n: 1, trueAt: 1_000 }]]))
  expect(world.loads).toBe(1)
  expect((await two.load(['none'])).size).toBe(0)
  expect(world.loads).toBe(2)
  expect(two.counts).toEqual({ hits: 1, misses: 1, garbage: 0, errors: 0 })
})

it('is believed from when it was true, not from when it was stored', async () => {
  const { world, redis, tier } = bed()
  await tier().load(['a'])
  expect(redis.texts.get(key)).toMatchObject({ until: 1_000 + BELIEVED })
  // Even where Redis keeps it for longer.
  redis.texts.set(key, { ...redis.texts.get(key)!, until: Number.POSITIVE_INFINITY })
  world.now += BELIEVED - 1
  await tier().load(['a'])
  expect(world.loads).toBe(1)
  world.now++
  await tier().load(['a'])
  expect(world.loads).toBe(2)
})

it.each([
  ['another version', `99 1000 {"n":9,"trueAt":1000}`],
  ['broken JSON', `${family.version} 1000 {"n":`],
  ['no time', '{"n":9,"trueAt":1000}'],
  ['nothing', ''],
])('asks the ledger where Redis holds %s, and counts it', async (_what, text) => {
  const { redis, tier } = bed()
  redis.texts.set(key, { text, until: Number.POSITIVE_INFINITY })
  const reader = tier()
  expect(await reader.load(['a'])).toEqual(new Map([['a', { n: 1, trueAt: 1_000 }]]))
  expect(reader.counts).toMatchObject({ hits: 0, garbage: 1 })
})

it('does not believe what is true in a time to come', async () => {
  const { redis, tier } = bed()
  redis.texts.set(key, { text: `${family.version} 1001 {"n":9,"trueAt":1001}`, until: 5_000 })
  expect((await tier().load(['a'])).get('a')).toMatchObject({ n: 1 })
})

it('asks the ledger while Redis is away, and when it refuses', async () => {
  const { world, redis, tier } = bed()
  const reader = tier()
  redis.up = false
  expect((await reader.load(['a'])).size).toBe(1)
  redis.up = true
  redis.command = () => Promise.reject(new Error('WRONGTYPE'))
  expect((await reader.load(['a'])).size).toBe(1)
  expect(world.loads).toBe(2)
  await turn()
  expect(reader.counts.errors).toBe(2)
})

it('rejects when the ledger does', async () => {
  const { tier } = bed(() => Promise.reject(new Error('gone')))
  await expect(tier().load(['a'])).rejects.toThrow('gone')
})

it('neither stores nor believes what was true before the change was told; who is not told goes by its age', async () => {
  let open = () => {}
  const { world, redis, tier } = bed(() => new Promise(resolve => (open = resolve)))
  const [told, deaf] = [tier(), tier()]
  const early = told.load(['a'])
  await turn()
  world.n = 2
  world.now += 5
  await told.remove(['a'])
  open()
  await early
  expect(redis.texts.size).toBe(0)
  // Another process, that hears of nothing, reads the old row and writes it after the deletion.
  const late = deaf.load(['a'])
  await turn()
  world.n = 3
  await told.remove(['a'])
  world.now += 10
  open()
  await late
  expect(redis.texts.size).toBe(1)
  const after = told.load(['a'])
  await turn()
  open()
  expect((await after).get('a')).toMatchObject({ n: 3 })
  redis.texts.set(key, { text: `${family.version} ${world.now - 10} {"n":2}`, until: 9_999 })
  expect((await deaf.load(['a'])).get('a')).toMatchObject({ n: 2 })
  world.now += BELIEVED - 10
  const young = deaf.load(['a'])
  await turn()
  open()
  expect((await young).get('a')).toMatchObject({ n: 3 })
})

it('through memory and Redis together nothing is answered that is older than declared, whatever is late or lost', async () => {
  const step = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant('read' as const),
        who: fc.nat(1),
        keys: fc.subarray(['a', 'b'], { minLength: 1 }),
      }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(150) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('finish' as const), which: fc.nat(5) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), who: fc.nat(1) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('away' as const, 'flushed' as const) }) },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async steps => {
      const waiting: (() => void)[] = []
      const { world, redis, tier } = bed(() => new Promise(resolve => waiting.push(resolve)))
      const processes = [tier(), tier()].map(each => {
        const times = { freshFor: STALENESS / 2, staleness: STALENESS, negativeFor: 10, most: 10 }
        const load = (keys: readonly string[]) => each.load(keys)
        const cache = new ReadCache<Value>({ ...times, load, asOf: value => value.trueAt })
        return { tier: each, cache }
      })
      const reads: Promise<void>[] = []
      for (const each of steps) {
        if (each.kind === 'pass') world.now += each.ms
        else if (each.kind === 'read') {
          const least = world.now - STALENESS
          const { cache } = processes[each.who]!
          for (const key of each.keys)
            reads.push(
              cache.get(key, world.now).then(value => expect(value!.trueAt).toBeGreaterThanOrEqual(least)),
            )
        } else if (each.kind === 'remove') void processes[each.who]!.tier.remove(['a'])
        else if (each.kind === 'finish') waiting.splice(each.which % (waiting.length || 1), 1)[0]?.()
        else if (each.kind === 'away') redis.up = !redis.up
        else redis.texts.clear()
        await turn()
        await turn()
      }
      const done = Promise.all(reads)
      for (let left = 20; left > 0; left--) {
        for (const finish of waiting.splice(0)) finish()
        await turn()
      }
      await done
    }),
    { numRuns: 400 },
  )
})
