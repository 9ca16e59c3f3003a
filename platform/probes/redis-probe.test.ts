// On a real Redis: what it says of itself, full, busy, killed, stopped and locked.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { OwnRedis, redisPrograms } from '../../tests/support/own-redis.ts'
import { openRedisProbe, probeRedis } from './redis-probe.ts'

const MIB = 1024 * 1024
const never = new AbortController().signal
const LIMIT_MS = 300
/** For what answers, on a busy machine, ms. */
const ROOMY_MS = 10_000
/** Above any limit that is to hold, below what a person would call hanging. */
const SOON_MS = 2_000

describe.skipIf(redisPrograms.length === 0)('Redis', () => {
  let redis: OwnRedis
  beforeAll(async () => {
    redis = await OwnRedis.start(undefined, (_folder, port) => [
      ...['--port', `${port}`, '--maxmemory', '4mb', '--maxmemory-policy', 'allkeys-lru'],
      ...['--latency-monitor-threshold', '1', '--enable-debug-command', 'yes'],
    ])
  })
  afterAll(() => redis.drop())

  it('tells of its memory, keys, clients and role, and over one connection', async () => {
    await redis.direct('SET', 'a', '1')
    await redis.direct('GET', 'a')
    await redis.direct('GET', 'missing')
    const probe = openRedisProbe({ url: redis.url, timeLimit: ROOMY_MS })
    const first = await probe.read(never)
    expect(first.ping).toBeGreaterThan(0)
    expect(first.connect).toBeGreaterThan(0)
    expect(first.info).toMatchObject({
      role: 'primary',
      loading: false,
      clients: { connected: 1, rejected: 0 },
      memory: { max: 4 * MIB, policy: 'allkeys-lru' },
      keys: { count: 1, evicted: 0, hits: 1, misses: 1 },
      persistence: { appendOnly: false },
      replication: { replicas: 0, linkUp: null },
    })
    const second = await probe.read(never)
    expect(second.connect).toBeNull()
    expect(second.info.runId).toBe(first.info.runId)
    expect(second.info.clients.connected).toBe(1)
    probe.close()
  })

  it('sees that it is full, and that it evicts', async () => {
    const before = await probeRedis({ url: redis.url, timeLimit: ROOMY_MS }, never)
    for (let i = 0; i < 6; i++) await redis.direct('DEBUG', 'POPULATE', '500', `fill${i}`, '2000')
    await redis.direct('SET', 'one', 'more')
    const after = await probeRedis({ url: redis.url, timeLimit: ROOMY_MS }, never)
    expect(after.info.memory.ratio).toBeGreaterThan(0.85)
    expect(after.info.memory.ratio).toBeLessThan(1.1)
    expect(after.info.keys.evicted!).toBeGreaterThan(before.info.keys.evicted!)
  })

  it('tells what took long', async () => {
    await redis.direct('DEBUG', 'SLEEP', '0.02')
    const { latency } = await probeRedis({ url: redis.url, timeLimit: ROOMY_MS }, never)
    const slow = latency?.find(({ event }) => event === 'command')
    expect(slow?.worst).toBeGreaterThanOrEqual(20)
    expect(Math.abs(Date.now() - slow!.at)).toBeLessThan(60_000)
  })

  it('stopped: holds its time limit, and reads on when it goes on', async () => {
    const probe = openRedisProbe({ url: redis.url, timeLimit: LIMIT_MS })
    await expect.poll(() => probe.read(never)).toMatchObject({ info: { role: 'primary' } })
    redis.stop()
    // With a connection that stands, and with a new one, which the system still takes for it.
    for (const _ of [1, 2]) {
      const began = performance.now()
      await expect(probe.read(never)).rejects.toMatchObject({ name: 'ProbeFailed', kind: 'hung' })
      expect(performance.now() - began).toBeLessThan(SOON_MS)
    }
    redis.goOn()
    await expect.poll(() => probe.read(never)).toMatchObject({ info: { role: 'primary' } })
    probe.close()
  })

  it('killed: is refused, and after a start it is another one', async () => {
    const probe = openRedisProbe({ url: redis.url, timeLimit: ROOMY_MS })
    const { info } = await probe.read(never)
    await redis.kill()
    await expect(probe.read(never)).rejects.toMatchObject({ kind: expect.stringMatching(/refused|broke/) })
    await expect(probe.read(never)).rejects.toMatchObject({ kind: 'refused' })
    await redis.restart()
    expect((await probe.read(never)).info.runId).not.toBe(info.runId)
    probe.close()
  })

  it('is denied with a wrong password, which no message shows', async () => {
    await redis.direct('CONFIG', 'SET', 'requirepass', 'right')
    const url = new URL(redis.url)
    url.password = 'wrong-secret'
    const denied = probeRedis({ url: url.href, timeLimit: ROOMY_MS }, never)
    await expect(denied).rejects.toMatchObject({ kind: 'denied' })
    await expect(denied).rejects.not.toThrow(/wrong-secret/)
    await expect(probeRedis({ url: redis.url, timeLimit: ROOMY_MS }, never)).rejects.toMatchObject({
      kind: 'denied',
    })
    url.password = 'right'
    expect((await probeRedis({ url: url.href, timeLimit: ROOMY_MS }, never)).info.role).toBe('primary')
  })

  it('is given up when whoever asked has given up', async () => {
    const asker = new AbortController()
    asker.abort(new Error('no more'))
    await expect(probeRedis({ url: redis.url, timeLimit: ROOMY_MS }, asker.signal)).rejects.toThrow('no more')
  })
})
