// Redis as a real cluster of three: keys in all its slots, a node that is killed, a slot that moves.

import { Writable } from 'node:stream'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { OwnCluster } from '../../tests/support/own-cluster.ts'
import { onEveryRedis } from '../../tests/support/own-redis.ts'
import { RedisTier } from '../cache/redis-tier.ts'
import { EngineHealth } from '../health/engine-health.ts'
import { createLog } from '../log/log.ts'
import { KeyCensus } from './key-census.ts'
import { families, keyOf } from './keys.ts'
import { openRedis } from './open-redis.ts'
import { type Redis, RedisAway, script } from './redis.ts'
import { slotOf } from './slots.ts'

const TIMEOUT_MS = 200
/** Nodes agree within their time-out of one second, and a bit. */
const SOON = { timeout: 20_000, interval: 20 }
const ids = Array.from({ length: 60 }, (_, i) => `p${i}`)
const keyed = (id: string) => keyOf('test', families.product, id)

onEveryRedis('Redis as a cluster', program => {
  let cluster: OwnCluster
  let redis: Redis
  let health: EngineHealth
  let said: string[] = []
  const to = new Writable({
    write(chunk, _encoding, done) {
      said.push(String(chunk))
      done()
    },
  })
  const log = createLog({ level: 'info', name: 'test', to })
  // Full coverage is not asked for: the others go on.
  beforeAll(async () => {
    cluster = await OwnCluster.start(program, ['--cluster-require-full-coverage', 'no'])
  }, 60_000)
  afterAll(() => cluster.drop())
  beforeEach(async () => {
    said = []
    health = new EngineHealth({ name: 'redis', slow: 50, probe: () => redis.probe() })
    redis = await openRedis({
      ...{ url: cluster.url, commandTimeout: TIMEOUT_MS, log, prefix: 'test' },
      note: (kind, ms) => health.note(kind, ms),
    })
    health.start()
    // A machine with much to do may need more than one attempt.
    await vi.waitFor(() => redis.ping(), SOON)
  })
  afterEach(async () => {
    health.close()
    await redis.close()
    for (const node of cluster.nodes) node.goOn()
  })

  const tierOf = () => {
    const loads: (readonly string[])[] = []
    const tier = new RedisTier<{ text: string; asOf: number }>({
      ...{ redis, prefix: 'test', family: families.session, clock: Date.now, believedFor: 5_000 },
      async load(keys) {
        loads.push(keys)
        return new Map(keys.map(key => [key, { text: `of ${key}`, asOf: Date.now() }]))
      },
      asOf: value => value.asOf,
      encode: value => value.text,
      decode: (_key, text, asOf) => ({ text, asOf }),
    })
    return { tier, loads }
  }

  it('knows slots as the servers do', async () => {
    for (const key of ['foo', 'a{b}c', '{}x', '', 'ä{ü}', keyed('p1')]) {
      const line = await redis.command('CLUSTER', 'KEYSLOT', key)
      expect(slotOf(key)).toBe(line)
    }
  })

  it('reads and writes keys of all slots as if they lay together', async () => {
    expect(new Set(ids.map(id => cluster.ownerOf(slotOf(keyed(id))))).size).toBe(3)
    for (const [i, id] of ids.entries()) expect(await redis.command('SET', keyed(id), i)).toBe('OK')
    const keys = [...ids, 'none'].map(keyed)
    expect(await redis.command('MGET', ...keys)).toEqual([...ids.keys()].map(String).concat([null as never]))
    expect(await redis.command('EXISTS', ...keys)).toBe(60)
    expect(await redis.command('DEL', ...keys.slice(0, 20))).toBe(20)
    const { families: counted, used } = await new KeyCensus(redis, 'test').run()
    expect(counted?.get('product')?.keys).toBe(40)
    expect(used).toBeGreaterThan(3_000_000)
    expect(await redis.command('UNLINK', ...keys)).toBe(40)
  })

  it('carries the tier of sessions and products', async () => {
    const { tier, loads } = tierOf()
    await tier.load(ids)
    // What was loaded is written there by and by.
    const loaded = async () => {
      loads.length = 0
      return [(await tier.load(ids)).size, loads.length]
    }
    await expect.poll(loaded).toEqual([60, 0])
    await tier.remove(ids)
    await tier.load(ids)
    expect(loads.flat()).toHaveLength(60)
    expect(tier.counts).toMatchObject({ errors: 0, garbage: 0 })
  })

  it('runs scripts where their keys lie', async () => {
    const add = script('return redis.call("INCRBY", KEYS[1], ARGV[1]) + redis.call("EXISTS", KEYS[2])')
    for (const id of ids.slice(0, 12))
      expect(await redis.run<number>(add, [`{${id}}a`, `{${id}}b`], [4])).toBe(4)
    const lost = redis.run(add, ['{p0}a', '{p1}b'], [4])
    await expect(lost).rejects.toThrow(/slot/i)
    await expect(lost).rejects.not.toBeInstanceOf(RedisAway)
  })

  it('tells all who listen, wherever they do; and who hears finds what was written before', async () => {
    const other = await openRedis({ url: cluster.url, commandTimeout: 2_000, log })
    await vi.waitFor(() => other.ping(), SOON)
    const seen: unknown[] = []
    let hears = false
    await redis.listen('news', message => {
      if (message === 'none') hears = true
      else void redis.command('GET', message).then(value => seen.push(value))
    })
    // Heard by the one who listens, as soon as that has a connection.
    await vi.waitFor(async () => {
      await other.command('PUBLISH', 'news', 'none')
      expect(hears).toBe(true)
    }, SOON)
    const told = ids.flatMap(id => [
      other.command('SET', keyed(id), 'new', 'PX', 60_000),
      other.command('PUBLISH', 'news', keyed(id)),
    ])
    await Promise.all(told)
    await expect.poll(() => seen.length, SOON).toBe(60)
    expect(new Set(seen)).toEqual(new Set(['new']))
    await other.close()
  })

  it('follows a slot on its way, and where it has gone', async () => {
    const slot = slotOf('{moves}')
    // It stays there: no other test asks for it.
    expect(ids.map(id => slotOf(keyed(id)))).not.toContain(slot)
    const from = cluster.ownerOf(slot)
    const to = cluster.nodes.find(node => node !== from)!
    const idOf = async (node: typeof from) => (await node.lines('CLUSTER', 'MYID'))[1]!
    const move = (node: typeof from, ...how: string[]) => node.direct('CLUSTER', 'SETSLOT', `${slot}`, ...how)
    await move(to, 'IMPORTING', await idOf(from))
    await move(from, 'MIGRATING', await idOf(to))
    // Not here any more, so perhaps there.
    expect(await redis.command('SET', '{moves}', 1)).toBe('OK')
    expect(await redis.command('GET', '{moves}')).toBe('1')
    expect((await to.lines('CLUSTER', 'COUNTKEYSINSLOT', `${slot}`))[0]).toBe(':1')
    const before = await redis.command('MGET', '{moves}', '{p2}')
    await move(to, 'NODE', await idOf(to))
    await move(from, 'NODE', await idOf(to))
    expect(await redis.command('GET', '{moves}')).toBe('1')
    expect(await redis.command('MGET', '{moves}', '{p2}')).toEqual(before)
    expect(health.finding).toBe('well')
  })

  it.each(['killed', 'stopped'])(
    'one node %s: its calls fail in their time, the others go on, the whole is not well until it is back',
    { timeout: 60_000 },
    async fault => {
      const dead = cluster.nodes[1]!
      const [there, gone] = [true, false].map(alive =>
        ids.filter(id => (cluster.ownerOf(slotOf(keyed(id))) !== dead) === alive),
      ) as [string[], string[]]
      const all = () => Promise.all(ids.map(id => redis.command('SET', keyed(id), 1, 'PX', 60_000)))
      await all()
      await expect.poll(() => health.finding).toBe('well')
      if (fault === 'killed') await dead.kill()
      else dead.stop()
      await expect.poll(() => health.finding, SOON).toBe(fault === 'killed' ? 'refused' : 'hanging')

      const { tier, loads } = tierOf()
      const end = performance.now() + 2_500
      let inTime = 0
      let rounds = 0
      while (performance.now() < end) {
        rounds++
        const began = performance.now()
        const results = await Promise.allSettled(
          [...there, ...gone].map(id => redis.command('GET', keyed(id))),
        )
        // Its own time, and that of a machine with much to do.
        expect(performance.now() - began).toBeLessThan(TIMEOUT_MS + 1_000)
        const late = results.slice(0, there.length).filter(each => each.status === 'rejected')
        // A node that writes down what it knows of the others may be late for once: it is there all the same.
        for (const each of late) expect(String(each.reason)).toMatch(/no answer within|does not answer/)
        if (late.length === 0) inTime++
        for (const result of results.slice(there.length))
          expect(result).toMatchObject({ reason: expect.any(RedisAway) })
        expect((await tier.load(ids)).size).toBe(60)
      }
      expect(inTime).toBeGreaterThan(rounds / 2)
      expect(loads.length).toBeGreaterThan(1)
      expect(redis.up).toBe(true)
      expect(health.finding).not.toBe('well')

      if (fault === 'killed') await dead.restart()
      else dead.goOn()
      await vi.waitFor(all, SOON)
      await expect.poll(() => health.finding, SOON).toBe('well')
      expect(said.filter(line => line.includes('Redis is away')).length).toBeLessThanOrEqual(3)
    },
  )

  it('nobody there at the beginning: away, and found by any node that comes', {
    timeout: 60_000,
  }, async () => {
    await Promise.all(cluster.nodes.map(node => node.kill()))
    const late = await openRedis({ url: cluster.url, commandTimeout: TIMEOUT_MS, log })
    expect(late.up).toBe(false)
    await expect(late.command('GET', 'a')).rejects.toBeInstanceOf(RedisAway)
    await expect(late.command('MGET', 'a', 'b')).rejects.toBeInstanceOf(RedisAway)
    await expect(late.command('PUBLISH', 'a', 'b')).rejects.toBeInstanceOf(RedisAway)
    await expect(late.probe()).rejects.toBeInstanceOf(RedisAway)
    await Promise.all(cluster.nodes.map(node => node.restart()))
    await vi.waitFor(() => Promise.all(ids.map(id => late.command('SET', keyed(id), 1))), SOON)
    await late.close()
  })
})
