// A ladder over a primary that three sentinels watch: it is killed, another takes its place, and it comes back as a replica.

import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { fixedRungs } from '../../tests/support/fixed-ladders.ts'
import { onEveryRedis } from '../../tests/support/own-redis.ts'
import { OwnSentinels } from '../../tests/support/own-sentinels.ts'
import { EngineHealth } from '../health/engine-health.ts'
import { createLog } from '../log/log.ts'
import { openRedis } from '../redis/open-redis.ts'
import type { Redis } from '../redis/redis.ts'
import { createLadders, type Ladders } from './ladders.ts'
import type { Standing } from './standing.ts'

const log = createLog({ level: 'silent', name: 'test' })
/** Sentinels need 0.7 s to see it, and some to agree; a server that comes back is told of its new place within 10 s. */
const SOON = { timeout: 30_000, interval: 10 }

onEveryRedis('a ladder over Redis with sentinels', program => {
  let own: OwnSentinels
  let redis: Redis
  let health: EngineHealth
  let ladders: Ladders
  let standing: Standing<'bestseller.read'>
  let traffic: NodeJS.Timeout
  let readied = 0

  beforeEach(async () => {
    own = await OwnSentinels.start(program, { replicas: 2, sentinels: 3 })
    health = new EngineHealth({ name: 'redis', slow: 50, probe: () => redis.probe() })
    redis = await openRedis({
      ...{ url: own.url, commandTimeout: 100, log },
      note: (kind, ms) => health.note(kind, ms),
    })
    ladders = createLadders({
      rungs: { ...fixedRungs(), 'bestseller.read': ['redis', 'sql'] },
      health: new Map([['redis', health]]),
      ...{ clock: Date.now, log },
    })
    standing = ladders.of('bestseller.read')
    readied = 0
    standing.whenBack('redis', async () => {
      readied++
      return true
    })
    ladders.start()
    traffic = setInterval(() => redis.command('GET', 'x').catch(() => undefined), 10)
    await expect.poll(() => redis.command('DBSIZE'), SOON).toBe(1)
  }, 60_000)
  afterEach(async () => {
    clearInterval(traffic)
    ladders.close()
    await redis.close()
    await own.drop()
  })

  const is = (rung: 'redis' | 'sql') => vi.waitUntil(() => standing.standing === rung, SOON)
  /** A machine with much to do may take longer than a command's time. */
  const put = (key: string, value: number) =>
    vi.waitFor(async () => expect(await redis.command('SET', key, value)).toBe('OK'), SOON)
  const has = async (port: number, key: string) => {
    const server = own.servers.find(each => each.port === port)!
    return (await server.lines('GET', key))[1] ?? null
  }
  const roleOf = async (index: number) => (await own.servers[index]!.lines('ROLE'))[2]

  it.each(['killed', 'stopped'])(
    '%s: down at once, up on the new primary',
    { timeout: 90_000 },
    async fault => {
      const heard: string[] = []
      await redis.listen('news', message => heard.push(message))
      const old = own.servers[0]!
      if (fault === 'killed') await old.kill()
      else old.stop()
      await is('sql')
      await is('redis')
      expect(readied).toBeGreaterThan(0)
      // On a machine with much to do they may elect twice.
      const roles = () => Promise.all([1, 2].map(roleOf))
      await expect.poll(async () => (await roles()).toSorted(), SOON).toEqual(['master', 'slave'])
      const primary = own.servers[1 + (await roles()).indexOf('master')]!
      await vi.waitFor(async () => {
        await put('a', 1)
        expect(await has(primary.port, 'a')).toBe('1')
      }, SOON)
      await vi.waitFor(async () => {
        await redis.command('PUBLISH', 'news', 'one')
        expect(heard).toContain('one')
      }, SOON)

      if (fault === 'killed') await old.restart()
      else old.goOn()
      // Until the sentinels have told it, it takes itself for a primary: nobody asks it.
      let i = 0
      await vi.waitFor(async () => {
        await put('b', ++i)
        expect(await has(primary.port, 'b')).toBe(`${i}`)
        expect(await roleOf(0)).toBe('slave')
      }, SOON)
      await expect.poll(() => health.finding, SOON).toBe('well')
      await is('redis')
    },
  )

  it('demoted by the sentinels: found at its new place at once', { timeout: 100_000 }, async () => {
    // Asked again where they gave up half-way, as on a machine with much to do; while they are at it they say no.
    await vi.waitFor(
      async () => {
        await own.sentinels[0]!.direct('SENTINEL', 'FAILOVER', 'shop')
        await vi.waitUntil(async () => (await roleOf(0)) === 'slave', { timeout: 12_000 })
      },
      { timeout: 60_000 },
    )
    let i = 0
    await vi.waitFor(async () => {
      await put('a', ++i)
      const roles = await Promise.all([0, 1, 2].map(roleOf))
      expect(roles.toSorted()).toEqual(['master', 'slave', 'slave'])
      expect(await has(own.servers[roles.indexOf('master')]!.port, 'a')).toBe(`${i}`)
    }, SOON)
  })
})
