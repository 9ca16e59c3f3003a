// Who is asked, how long that may take, and what is said when nobody knows.

import { Writable } from 'node:stream'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import type { SampleKind } from '../../resilience/detector.ts'
import { OwnRedis, onEveryRedis } from '../../tests/support/own-redis.ts'
import { NAME, OwnSentinels } from '../../tests/support/own-sentinels.ts'
import { createLog, type Log } from '../log/log.ts'
import { openRedis } from './open-redis.ts'
import type { Redis } from './redis.ts'

const PASSWORD = 's3cr/t'
const SOON = { timeout: 10_000, interval: 20 }

onEveryRedis('sentinels', program => {
  let own: OwnSentinels
  beforeAll(async () => {
    own = await OwnSentinels.start(program, { replicas: 1, sentinels: 1, password: PASSWORD })
  }, 60_000)
  afterAll(() => own.drop())

  const open: Redis[] = []
  const others: OwnRedis[] = []
  const noted: SampleKind[] = []
  let said: string[] = []
  let log: Log
  beforeEach(() => {
    said = []
    noted.length = 0
    const to = new Writable({
      write(chunk, _encoding, done) {
        said.push(String(chunk))
        done()
      },
    })
    log = createLog({ level: 'info', name: 'test', to })
  })
  afterEach(async () => {
    await Promise.all(open.splice(0).map(redis => redis.close()))
    for (const other of others) other.goOn()
    await Promise.all(others.splice(0).map(other => other.drop()))
    expect(said.join('')).not.toMatch(/s3cr/)
  })

  async function connect(hosts: readonly number[], credentials = ':s3cr%2Ft@', name = NAME): Promise<Redis> {
    const nodes = hosts.map(port => `127.0.0.1:${port}`).join(',')
    const url = `redis+sentinel://${credentials}${nodes}/${name}`
    const redis = await openRedis({ url, commandTimeout: 200, log, note: kind => noted.push(kind) })
    open.push(redis)
    return redis
  }
  async function other(options?: Parameters<typeof OwnRedis.start>[1]): Promise<OwnRedis> {
    const server = await OwnRedis.start(program, options)
    others.push(server)
    return server
  }
  /** One that names whom it is told to. */
  const naming = async (port: number): Promise<OwnRedis> => {
    const of = `sentinel monitor ${NAME} 127.0.0.1 ${port} 1`
    const { writeFileSync } = await import('node:fs')
    return other((folder, at) => {
      writeFileSync(`${folder}/sentinel.conf`, `port ${at}\n${of}\n`)
      return [`${folder}/sentinel.conf`, '--sentinel']
    })
  }
  const good = () => own.sentinels[0]!.port

  it('are told the password where they want one, and one that is dead or stopped costs little', async () => {
    const stopped = await other()
    stopped.stop()
    const began = performance.now()
    const redis = await connect([1, stopped.port, good()])
    // A tenth of that, where the machine has nothing else to do.
    expect(performance.now() - began).toBeLessThan(2_500)
    await vi.waitFor(async () => expect(await redis.command('SET', 'a', 1)).toBe('OK'), SOON)
    expect(noted).not.toContain('refused')
  })

  it('that name a replica or somebody dead are passed over, and a connection that is lost is found again', async () => {
    const redis = await connect([(await naming(own.servers[1]!.port)).port, (await naming(1)).port, good()])
    await vi.waitFor(() => redis.ping(), SOON)
    const id = await redis.command('CLIENT', 'ID')
    await redis.command('CLIENT', 'KILL', 'ID', id as number, 'SKIPME', 'no').catch(() => undefined)
    await expect.poll(() => redis.command('CLIENT', 'ID').catch(() => id), SOON).not.toBe(id)
    expect(noted).not.toContain('refused')
  })

  it('none of them there, or none that knows it: refused', async () => {
    const none = await connect([1, 2])
    expect(none.up).toBe(false)
    await expect.poll(() => noted.filter(kind => kind === 'refused').length, SOON).toBeGreaterThan(1)
    await none.close()
    noted.length = 0
    const unknown = await connect([good()], undefined, 'another')
    expect(unknown.up).toBe(false)
    await expect.poll(() => said.join('')).toContain('no sentinel knows a primary of the name another')
    expect(noted).toContain('refused')
  })

  it('name one that refuses our password: said, without it', async () => {
    const redis = await connect([(await naming(own.servers[0]!.port)).port], ':s3cr-wrong@')
    expect(redis.up).toBe(false)
    expect(said.join('')).toContain('Redis refuses our user or password: see redis.url')
  })
})
