// A ladder over a real Redis that is killed, stopped, cut off, filled, demoted and emptied: down at once, up when it is ready.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { fixedRungs } from '../../tests/support/fixed-ladders.ts'
import { OwnRedis, redisPrograms } from '../../tests/support/own-redis.ts'
import { TcpProxy } from '../../tests/support/tcp-proxy.ts'
import { EngineHealth } from '../health/engine-health.ts'
import { createLog } from '../log/log.ts'
import { openRedis } from '../redis/open-redis.ts'
import type { Redis } from '../redis/redis.ts'
import { createLadders, type Ladders } from './ladders.ts'
import type { Standing } from './standing.ts'

const log = createLog({ level: 'silent', name: 'test' })
/** Until a move that has to come, ms. */
const SOON = { timeout: 15_000, interval: 5 }

describe.skipIf(redisPrograms.length === 0)('a ladder over Redis', () => {
  let server: OwnRedis
  let proxy: TcpProxy
  let redis: Redis
  let health: EngineHealth
  let ladders: Ladders
  let standing: Standing<'bestseller.read'>
  let traffic: NodeJS.Timeout
  let readied = 0
  let ready = true

  beforeEach(async () => {
    server = await OwnRedis.start()
    proxy = await TcpProxy.open(server.port)
    health = new EngineHealth({ name: 'redis', slow: 50, probe: () => redis.probe() })
    redis = await openRedis({
      ...{ url: `redis://127.0.0.1:${proxy.port}`, commandTimeout: 100, log },
      note: (kind, ms) => health.note(kind, ms),
    })
    ladders = createLadders({
      rungs: { ...fixedRungs(), 'bestseller.read': ['redis', 'sql'] },
      health: new Map([['redis', health]]),
      ...{ clock: Date.now, log },
    })
    standing = ladders.of('bestseller.read')
    readied = 0
    ready = true
    standing.whenBack('redis', async () => {
      readied++
      return ready
    })
    ladders.start()
    // Somebody reads all the time.
    traffic = setInterval(() => redis.command('GET', 'x').catch(() => undefined), 10)
    // It has been looked at, so that a mark lies there.
    await expect.poll(() => redis.command('DBSIZE'), SOON).toBe(1)
  })
  afterEach(async () => {
    clearInterval(traffic)
    ladders.close()
    await redis.close()
    await proxy.close()
    await server.drop()
  })

  const is = (rung: 'redis' | 'sql') => vi.waitUntil(() => standing.standing === rung, SOON)
  const causeOf = () => ladders.status.find(({ ladder }) => ladder === 'bestseller.read')!.rungs[0]!.cause

  it.each([
    ['killed', () => server.kill(), () => server.restart(), /^redis is refused$/],
    ['stopped', async () => server.stop(), async () => server.goOn(), /^redis is hanging$/],
    ['cut off', () => proxy.set('refuse'), () => proxy.set('through'), /^redis is refused$/],
    ['cut off one way', () => proxy.set('deaf'), () => proxy.set('through'), /^redis is hanging$/],
    ['half open', () => proxy.set('half-open'), () => proxy.set('through'), /^redis is hanging$/],
    ['slow', () => proxy.set(40), () => proxy.set('through'), /^redis is slow$/],
    ['2 s late', () => proxy.set(2_000), () => proxy.set('through'), /^redis is hanging$/],
    [
      'full',
      () => redis.command('CONFIG', 'SET', 'maxmemory', 1),
      () => redis.command('CONFIG', 'SET', 'maxmemory', 0),
      /^redis is full$/,
    ],
    [
      'demoted',
      () => redis.command('REPLICAOF', '127.0.0.1', 1),
      () => server.direct('REPLICAOF', 'NO', 'ONE'),
      /^redis is (wrong role|refused)$/,
    ],
  ] as const)('is left when it is %s, and taken again when it is ready', async (_, begin, end, cause) => {
    await begin()
    await is('sql')
    expect(causeOf()).toMatch(cause)
    expect(readied).toBe(0)
    await end()
    await is('redis')
    expect(readied).toBeGreaterThan(0)
    await expect(redis.ping()).resolves.toBeUndefined()
  })

  it('is left when it was emptied, though nobody noticed it was away', async () => {
    await server.direct('FLUSHALL')
    await is('sql')
    expect(causeOf()).toBe('redis is empty')
    await is('redis')
    expect(readied).toBeGreaterThan(0)
  })

  it('is not taken again while it is not ready, however reachable it is', async () => {
    ready = false
    await server.kill()
    await is('sql')
    await server.restart()
    await vi.waitUntil(() => readied >= 2, SOON)
    expect([standing.standing, causeOf()]).toEqual(['sql', 'it is not ready'])
    ready = true
    await is('redis')
  })

  it('is not left because this process was busy itself', async () => {
    const moves = ladders.moves.get('bestseller.read')
    // Past the proxy, which is in this process too.
    const own = await openRedis({
      ...{ url: server.url, commandTimeout: 100, log },
      note: (kind, ms) => health.note(kind, ms),
    })
    const asked = Array.from({ length: 10 }, () => own.command('GET', 'x').catch(() => null))
    const end = performance.now() + 400
    while (performance.now() < end);
    await Promise.all(asked)
    // What was sent while it was busy may have come too late to be waited for.
    const answers = () =>
      own.ping().then(
        () => true,
        () => false,
      )
    await vi.waitUntil(answers, SOON)
    await own.close()
    expect(health.finding).toBe('well')
    expect(ladders.moves.get('bestseller.read')).toBe(moves)
  })

  it('stays longer on the lower rung each time that it flaps', async () => {
    for (let round = 0; round < 3; round++) {
      await proxy.set('refuse')
      await is('sql')
      await proxy.set('through')
      await is('redis')
    }
    const { stay } = ladders.status.find(({ ladder }) => ladder === 'bestseller.read')!.rungs[0]!
    expect(stay).toBe(1_000)
  })

  it('is held where somebody pins it, until then', async () => {
    let now = Date.now()
    const since = now
    const pin = { rung: 'sql', by: 'm_1', reason: 'a test', since, until: now + 600 }
    expect(ladders.setPin('bestseller.read', pin)).toBe(false)
    expect(standing.choose()).toBe('sql')
    await is('redis')
    now = Date.now()
    expect(now).toBeGreaterThanOrEqual(pin.until)
    expect(ladders.setPin('bestseller.read', { ...pin, until: now + 60_000 })).toBe(false)
    expect(ladders.setPin('bestseller.read', null)).toBe(true)
    expect(standing.choose()).toBe('redis')
  })
})
