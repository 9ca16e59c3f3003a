// A Redis that may use little: filled until it refuses, trimmed, and never of what is not ours or not derived.

import { Writable } from 'node:stream'
import { afterEach, beforeEach, expect, it, test, vi } from 'vitest'
import { OwnCluster } from '../../tests/support/own-cluster.ts'
import { OwnRedis, onEveryRedis } from '../../tests/support/own-redis.ts'
import { EngineHealth } from '../health/engine-health.ts'
import { createLog } from '../log/log.ts'
import { derivedOf, families, type KeyFamily, keyOf } from './keys.ts'
import { fullness, memoryOf } from './memory.ts'
import { openRedis } from './open-redis.ts'
import { type Redis, RedisAway } from './redis.ts'

const LIMIT = ['--maxmemory', '6mb', '--maxmemory-policy', 'noeviction']
const SOON = { timeout: 15_000, interval: 20 }
const TEXT = 'x'.repeat(1_000)

test.each([
  [keyOf('shop', families.product, 'p:1'), 'product'],
  [keyOf('shop', families.session, 'hash'), 'session'],
  [keyOf('shop', families.session, 'm_1', 'ended'), undefined],
  [keyOf('shop', families.session, 'm}:1', 'ended'), undefined],
  [keyOf('shop', families.ranking, 'live', 'head'), 'ranking'],
  [keyOf('shop', families.ranking, 'live', 'figures:2026-01-01'), 'ranking'],
  [keyOf('shop', families.ranking, 'live', 'staged:t:units'), undefined],
  [keyOf('shop', families.couponGate, 'c_1'), undefined],
  [keyOf('shop', families.paymentLock, 'o_1'), undefined],
  [keyOf('shop', families.probe, 'mark'), undefined],
  [keyOf('another', families.product, 'p'), undefined],
  ['shop:product:1', undefined],
  ['shop-product:1:{a}', undefined],
])('%s may be removed as %s', (key, name) => expect(derivedOf('shop', key)?.name).toBe(name))

onEveryRedis('a Redis that is short of memory', program => {
  let server: OwnRedis
  let redis: Redis
  let health: EngineHealth
  let said: Record<string, unknown>[] = []
  const findings: string[] = []
  const to = new Writable({
    write(chunk, _encoding, done) {
      said.push(JSON.parse(String(chunk)) as Record<string, unknown>)
      done()
    },
  })
  const log = createLog({ level: 'info', name: 'test', to })

  async function open(url: string, memoryMost: number): Promise<void> {
    health = new EngineHealth({ name: 'redis', slow: 50, probe: () => redis.probe() })
    health.onChange(() => findings.push(health.finding))
    redis = await openRedis({
      ...{ url, commandTimeout: 2_000, log, prefix: 'shop', memoryMost },
      note: (kind, ms) => health.note(kind, ms),
    })
  }
  beforeEach(async () => {
    said = []
    findings.length = 0
    server = await OwnRedis.start(program, (_folder, port) => ['--port', `${port}`, ...LIMIT])
    await open(server.url, 85)
  })
  afterEach(async () => {
    health.close()
    await redis.close()
    await server.drop()
  })

  /** Until it refuses. Returns how many went in. */
  async function fill(keyAt: (i: number) => string, life: number): Promise<number> {
    for (let i = 0; ; i += 100) {
      const some = Array.from({ length: 100 }, (_, j) => keyAt(i + j))
      const set = await Promise.allSettled(some.map(key => redis.command('SET', key, TEXT, 'PX', life)))
      const refused = set.find(each => each.status === 'rejected')
      if (refused === undefined) continue
      expect(refused.reason).toBeInstanceOf(RedisAway)
      return i
    }
  }
  const kept = [
    keyOf('shop', families.couponGate, 'c_1'),
    keyOf('shop', families.paymentLock, 'o_1'),
    keyOf('shop', families.session, 'm_1', 'ended'),
    keyOf('another', families.product, 'p_1'),
    'foreign',
  ]
  const keep = () => Promise.all(kept.map(key => redis.command('SET', key, 1, 'PX', 600_000)))
  /** How often the server was told to. */
  async function calls(command: 'scan' | 'info'): Promise<number> {
    const stats = await redis.command<string>('INFO', 'commandstats')
    return Number(new RegExp(`^cmdstat_${command}:calls=(\\d+)`, 'm').exec(stats)?.[1] ?? 0)
  }
  const removals = () => said.filter(({ msg }) => String(msg).includes('cached data was removed'))

  it.each(['product', 'session', 'ranking'] as const)(
    'full of our %s keys: there is room again, and the rest is there',
    async name => {
      await keep()
      const family: KeyFamily = families[name]
      // As long as the test takes, though in life they would end by themselves soon.
      await fill(i => keyOf('shop', family, `${i}`, name === 'ranking' ? 'figures:x' : ''), 60_000)
      expect(health.finding).toBe('full')
      health.start()
      await expect.poll(() => health.finding, SOON).toBe('well')
      await vi.waitFor(() => redis.command('SET', 'again', TEXT), SOON)
      await expect.poll(() => removals().length, SOON).toBeGreaterThan(0)
      expect(removals()[0]).toMatchObject({ removed: expect.any(Number), max: 6 * 1024 * 1024 })
      expect(Number(removals()[0]!.freed)).toBeGreaterThan(100_000)
      expect(await redis.command('EXISTS', ...kept)).toBe(kept.length)
    },
  )

  it('what has little life left goes first, and no more than is needed', async () => {
    const old = (i: number) => keyOf('shop', families.ranking, `old-${i}`, 'x')
    for (let i = 0; i < 2_000; i++) await redis.command('SET', old(i), TEXT, 'PX', families.ranking.ttl / 3)
    const young = (i: number) => keyOf('shop', families.ranking, `young-${i}`, 'x')
    const many = await fill(young, families.ranking.ttl)
    await expect.poll(() => removals().length, SOON).toBe(1)
    const left = async (key: (i: number) => string, count: number) => {
      let sum = 0
      for (let i = 0; i < count; i += 500)
        sum += await redis.command<number>('EXISTS', ...Array.from({ length: 500 }, (_, j) => key(i + j)))
      return sum
    }
    expect(await left(young, many)).toBe(many)
    expect(await left(old, 2_000)).toBeLessThan(2_000)
  })

  it('full of what is not ours: nothing is removed, it stays full, and that is said once', async () => {
    await keep()
    const many = await fill(i => `foreign-${i}`, 600_000)
    health.start()
    const told = () => said.filter(({ msg }) => String(msg).includes('nothing in it is ours'))
    await expect.poll(() => told().length, SOON).toBe(1)
    // Until the run after that.
    const steps = await calls('scan')
    await expect.poll(() => calls('scan'), SOON).toBeGreaterThan(steps)
    await expect.poll(() => health.finding).toBe('full')
    expect(told()).toHaveLength(1)
    expect(removals()).toEqual([])
    expect(health.finding).toBe('full')
    expect(findings).not.toContain('well')
    expect(await redis.command('EXISTS', ...kept)).toBe(kept.length)
    expect(await redis.command('DBSIZE')).toBeGreaterThanOrEqual(many)
    await expect(redis.command('SET', 'again', TEXT)).rejects.toBeInstanceOf(RedisAway)
  })

  it('above the limit that was set: before a write is refused', async () => {
    const session = (i: number) => keyOf('shop', families.session, `${i}`)
    for (let i = 0; fullness(await memoryOf(redis)) < 88; i++)
      await redis.command('SET', session(i), TEXT, 'PX', 60_000)
    await expect.poll(() => removals().length, SOON).toBe(1)
    expect(findings).not.toContain('full')
    const { used, max } = removals()[0] as { used: number; max: number }
    expect(used / max).toBeLessThan(0.8)
    // Well below it again, it is left alone.
    const count = await redis.command('DBSIZE')
    const looks = await calls('info')
    let ours = 0
    // Two looks of its own.
    await expect.poll(async () => (await calls('info')) - ++ours - looks, SOON).toBeGreaterThan(1)
    expect(await redis.command('DBSIZE')).toBe(count)
  })

  it('one server of a cluster: as on one alone', { timeout: 60_000 }, async () => {
    const cluster = await OwnCluster.start(program, LIMIT)
    try {
      await redis.close()
      health.close()
      await open(cluster.url, 85)
      health.start()
      await keep()
      await fill(i => keyOf('shop', families.session, `${i}`), 60_000)
      await vi.waitFor(() => keep(), SOON)
      await expect.poll(() => removals().length, SOON).toBeGreaterThan(0)
      await expect.poll(() => health.finding, SOON).toBe('well')
      expect(await redis.command('EXISTS', ...kept)).toBe(kept.length)
    } finally {
      await redis.close()
      await cluster.drop()
    }
  })
})
