import { Registry } from 'prom-client'
import { afterAll, beforeAll, expect, it, test } from 'vitest'
import { FakeRedis } from '../../tests/support/fake-redis.ts'
import { OwnRedis, onEveryRedis } from '../../tests/support/own-redis.ts'
import type { CacheCounts } from '../cache/cache-counts.ts'
import { createLog } from '../log/log.ts'
import { KeyCensus } from '../redis/key-census.ts'
import { families, keyOf } from '../redis/keys.ts'
import { openRedis } from '../redis/open-redis.ts'
import { type Redis, script } from '../redis/redis.ts'
import { redisMetrics } from './redis-metrics.ts'

const cache: CacheCounts = { cache: 'product', tier: 'redis', reads: () => ({ hit: 3, miss: 1 }) }

onEveryRedis('metrics of Redis', program => {
  let server: OwnRedis
  let redis: Redis
  beforeAll(async () => {
    server = await OwnRedis.start(program)
    redis = await openRedis({
      ...{ url: server.url, commandTimeout: 5_000 },
      log: createLog({ level: 'silent', name: 'test' }),
    })
    const text = 'x'.repeat(1_000)
    for (let i = 0; i < 150; i++) await redis.command('SET', keyOf('shop', families.product, `p${i}`), text)
    await redis.command('SET', keyOf('shop', families.session, 's1'), 'x')
    await redis.command('SET', keyOf('another', families.session, 's2'), 'x')
    await redis.command('SET', 'shop:unheard:of', 'x')
  })
  afterAll(async () => {
    await redis.close()
    await server.drop()
  })

  it('tells keys and memory by family, of this shop only', async () => {
    const registry = new Registry()
    redisMetrics(registry, { redis, prefix: 'shop', caches: [cache] })
    // The first scrape has it counted; it does not wait for it.
    await expect.poll(() => registry.metrics()).toContain('levee_redis_keys{family="product"} 150')
    const text = await registry.metrics()
    expect(text).toContain('levee_redis_keys{family="session"} 1\n')
    expect(text).toContain('levee_redis_keys{family="other"} 1\n')
    expect(text).toContain('levee_redis_up 1')
    expect(text).toContain('levee_redis_memory_max_bytes 0')
    expect(text).toContain('levee_cache_reads_total{cache="product",tier="redis",outcome="hit"} 3')
    const bytes = (name: string) => Number(new RegExp(`^${name} (\\d+)`, 'm').exec(text)?.[1])
    const products = bytes('levee_redis_keys_memory_bytes{family="product"}')
    expect(products).toBeGreaterThan(150 * 1_000)
    expect(products).toBeLessThan(150 * 1_500)
    expect(bytes('levee_redis_memory_used_bytes')).toBeGreaterThan(products)
  })

  it('walks over a big base in several runs, each of a bounded number of steps', async () => {
    const fill = script(`for i = 1, 10000 do redis.call('SET', KEYS[1] .. i, 'x') end return 1`)
    for (let i = 0; i < 11; i++)
      await redis.run(fill, [`${keyOf('shop', families.session, `many-${i}`)}:`], [])
    let steps = 0
    const command: Redis['command'] = (...args) => {
      if (args[0] === 'SCAN') steps++
      return redis.command(...args)
    }
    const counted: Redis = Object.assign(Object.create(redis) as Redis, { command })
    const census = new KeyCensus(counted, 'shop')
    expect((await census.run()).families).toBeNull()
    expect(steps).toBe(100)
    expect((await census.run()).families?.get('session')?.keys).toBe(110_001)
  })

  it('says nothing rather than something old or wrong while Redis is away', async () => {
    await server.kill()
    await expect.poll(() => redis.up).toBe(false)
    const registry = new Registry()
    redisMetrics(registry, { redis, prefix: 'shop', caches: [] })
    const text = await registry.metrics()
    expect(text).toContain('levee_redis_up 0')
    expect(text).not.toMatch(/^levee_redis_(keys|memory)/m)
  })
})

test('without Redis only the caches are told of', async () => {
  const registry = new Registry()
  redisMetrics(registry, { redis: null, prefix: 'shop', caches: [cache] })
  expect(await registry.metrics()).not.toContain('levee_redis')
})

test('a Redis that does not let us count breaks no scrape', async () => {
  const registry = new Registry()
  redisMetrics(registry, { redis: new FakeRedis(Date.now), prefix: 'shop', caches: [] })
  expect(await registry.metrics()).toContain('levee_redis_up 1')
})
