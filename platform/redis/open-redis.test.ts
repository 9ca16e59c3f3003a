// Redis as a real server that is stopped, killed, emptied, locked and demoted.

import { Writable } from 'node:stream'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { makeCertificates, OwnRedis, onEveryRedis } from '../../tests/support/own-redis.ts'
import { createLog, type Log } from '../log/log.ts'
import { openRedis, type RedisOptions } from './open-redis.ts'
import { type Redis, RedisAway, script } from './redis.ts'

const TIMEOUT_MS = 200
/** Attempts to connect are up to two seconds apart. */
const BACK = { timeout: 10_000, interval: 20 }

const open: Redis[] = []
const servers: OwnRedis[] = []
afterEach(async () => {
  for (const server of servers) server.goOn()
  await Promise.all(open.splice(0).map(redis => redis.close()))
  await Promise.all(servers.splice(0).map(server => server.drop()))
})

let said: string[] = []
let log: Log
beforeEach(() => {
  said = []
  const to = new Writable({
    write(chunk, _encoding, done) {
      said.push(String(chunk))
      done()
    },
  })
  log = createLog({ level: 'info', name: 'test', to })
})

async function start(program: string, options?: Parameters<typeof OwnRedis.start>[1]): Promise<OwnRedis> {
  const server = await OwnRedis.start(program, options)
  servers.push(server)
  return server
}
async function connect(url: string, more: Partial<RedisOptions> = {}): Promise<Redis> {
  const redis = await openRedis({ url, commandTimeout: TIMEOUT_MS, log, ...more })
  open.push(redis)
  return redis
}
const works = (redis: Redis) => vi.waitFor(() => redis.ping(), BACK)
const away = (work: Promise<unknown>) => expect(work).rejects.toBeInstanceOf(RedisAway)

onEveryRedis('Redis', program => {
  it('answers commands and scripts, and tells its own errors from an outage', async () => {
    const redis = await connect((await start(program)).url)
    expect(redis.up).toBe(true)
    expect(await redis.command('SET', 'a', 1)).toBe('OK')
    expect(await redis.command('GET', 'none')).toBeNull()
    const add = script('return redis.call("INCRBY", KEYS[1], ARGV[1])')
    expect(await redis.run<number>(add, ['a'], [4])).toBe(5)
    const wrong = redis.command('LPUSH', 'a', 'x')
    await expect(wrong).rejects.toThrow('WRONGTYPE')
    await expect(wrong).rejects.not.toBeInstanceOf(RedisAway)
  })

  it('stopped: rejects in time, then at once without a queue that grows, and goes on when it does', async () => {
    const server = await start(program)
    const redis = await connect(server.url)
    await redis.command('SET', 'a', 1)
    server.stop()
    await away(redis.command('GET', 'a'))
    expect(redis.up).toBe(false)
    // Nobody waits for it a second time: 30,000 would not fit into its queue.
    const refused = await Promise.allSettled(Array.from({ length: 30_000 }, () => redis.command('GET', 'a')))
    const reasons = new Set(refused.map(each => each.status === 'rejected' && each.reason.message))
    expect(reasons).toEqual(new Set(['it does not answer']))
    server.goOn()
    await works(redis)
    expect(redis.up).toBe(true)
    expect(await redis.command('GET', 'a')).toBe('1')
  })

  it('stopped for long: the connection is given up, and a new one found', async () => {
    const server = await start(program)
    const redis = await connect(server.url)
    server.stop()
    await away(redis.ping())
    await expect.poll(() => said.some(line => line.includes('Redis is away')), BACK).toBe(true)
    await expect(redis.ping()).rejects.toThrow('not connected')
    server.goOn()
    await works(redis)
    expect(said.filter(line => line.includes('Redis is away'))).toHaveLength(1)
    expect(said.some(line => line.includes('Redis is back'))).toBe(true)
  })

  it('more than may wait are refused at once', async () => {
    const server = await start(program)
    const redis = await connect(server.url)
    server.stop()
    const asked = await Promise.allSettled(Array.from({ length: 20_010 }, () => redis.ping()))
    const full = asked.filter(each => each.status === 'rejected' && /full/.test(each.reason.message))
    expect(full).toHaveLength(10)
    for (const each of full) expect(each).toMatchObject({ reason: expect.any(RedisAway) })
  })

  it('killed: rejects at once; restarted empty it is back by itself, and scripts are sent anew', async () => {
    const server = await start(program)
    const redis = await connect(server.url)
    const put = script('redis.call("SET", KEYS[1], ARGV[1]); return 1')
    expect(await redis.run(put, ['a'], [1])).toBe(1)
    const waiting = redis.command('BLPOP', 'never', 0)
    const refused = away(waiting)
    await server.kill()
    await refused
    await expect.poll(() => redis.up).toBe(false)
    await away(redis.ping())
    await server.restart()
    await works(redis)
    expect(await redis.command('GET', 'a')).toBeNull()
    expect(await redis.run(put, ['a'], [2])).toBe(1)
    expect(await redis.command('GET', 'a')).toBe('2')
  })

  it('is opened while it is away, and found when it comes', async () => {
    const server = await start(program)
    await server.kill()
    const redis = await connect(server.url)
    expect(redis.up).toBe(false)
    await server.restart()
    await works(redis)
  })

  it('says clearly that the password is wrong, and never the password', async () => {
    const server = await start(program, (_folder, port) => ['--port', `${port}`, '--requirepass', 'right'])
    const wrong = await connect(`redis://:s3cr%2Ft-wrong@127.0.0.1:${server.port}`)
    const error: unknown = await wrong.ping().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(RedisAway)
    const none = await connect(server.url)
    await away(none.ping())
    const right = await connect(`redis://:right@127.0.0.1:${server.port}`)
    await right.ping()
    const lines = said.join('')
    expect(lines).toContain('Redis refuses our user or password: see redis.url')
    expect(`${lines}${String(error)}`).not.toMatch(/s3cr|right@/)
  })

  it('speaks TLS with an authority of its own, and with nobody who cannot show its certificate', async () => {
    const server = await start(program, (folder, port) => {
      makeCertificates(folder)
      const of = (name: string) => `${folder}/${name}`
      const files = ['--tls-cert-file', of('redis.crt'), '--tls-key-file', of('redis.key')]
      return ['--port', '0', '--tls-port', `${port}`, ...files, '--tls-auth-clients', 'no']
    })
    const url = `rediss://127.0.0.1:${server.port}`
    const trusting = await connect(url, { tlsCa: `${server.folder}/ca.crt` })
    await trusting.ping()
    const heard: string[] = []
    await trusting.listen('news', message => heard.push(message))
    await trusting.command('PUBLISH', 'news', 'one')
    await expect.poll(() => heard).toEqual(['one'])
    const wary = await connect(url)
    await away(wary.ping())
    expect(said.join('')).toContain('see redis.tlsCa')
    await expect(connect(url, { tlsCa: `${server.folder}/nowhere.crt` })).rejects.toThrow('redis.tlsCa')
  })

  it('demoted to a replica it is away, until there is a primary again', async () => {
    const server = await start(program)
    const redis = await connect(server.url)
    const other = await connect(server.url)
    await other.command('REPLICAOF', '127.0.0.1', 1)
    await away(redis.command('SET', 'a', 1))
    await expect.poll(() => redis.up).toBe(false)
    await away(redis.ping())
    await other.command('REPLICAOF', 'NO', 'ONE')
    await works(redis)
    expect(await redis.command('SET', 'a', 1)).toBe('OK')
  })

  it('full, it is away for what writes', async () => {
    const server = await start(program, (_folder, port) => ['--port', `${port}`, '--maxmemory', '1'])
    const redis = await connect(server.url)
    await away(redis.command('SET', 'a', 1))
    await redis.ping()
  })

  it('listens again after each reconnection', async () => {
    const server = await start(program)
    const redis = await connect(server.url)
    const heard: string[] = []
    await redis.listen('one', message => heard.push(`one ${message}`))
    await redis.listen('two', message => heard.push(`two ${message}`))
    const say = () => Promise.all(['one', 'two'].map(channel => redis.command('PUBLISH', channel, 'news')))
    await say()
    await expect.poll(() => heard.toSorted()).toEqual(['one news', 'two news'])
    for (const fault of ['killed', 'stopped']) {
      if (fault === 'killed') await server.restart()
      else server.stop()
      await expect.poll(() => redis.ping().then(String, String), BACK).toMatch(/Redis|undefined/)
      server.goOn()
      heard.length = 0
      await vi.waitFor(async () => {
        await say()
        expect(heard).toEqual(expect.arrayContaining(['one news', 'two news']))
      }, BACK)
    }
  })

  it('leaves nothing behind when it is closed, whatever state it is in', async () => {
    const server = await start(program)
    const handles = () => process.getActiveResourcesInfo().filter(each => /^(TCP|Timeout)/.test(each)).length
    const before = handles()
    const closing: Redis[] = []
    const used = await connect(server.url)
    await used.listen('news', () => undefined)
    closing.push(used, await connect('redis://127.0.0.1:1'))
    server.stop()
    await away(used.ping())
    await Promise.all(closing.map(redis => redis.close()))
    await away(used.ping())
    await expect.poll(handles).toBeLessThanOrEqual(before)
  })
})
