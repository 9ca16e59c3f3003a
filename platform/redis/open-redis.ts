// Redis by node-redis: one server, the one that sentinels name, or a cluster.

import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Note } from '../health/engine-health.ts'
import type { Log } from '../log/log.ts'
import { addressOf } from './address.ts'
import { Cluster } from './cluster.ts'
import { families, keyOf } from './keys.ts'
import { openListener } from './listener.ts'
import { type Redis, type RedisScript, type Reply, script } from './redis.ts'
import { bySentinels } from './sentinels.ts'
import { type Mark, Server } from './server.ts'
import { splitBySlot } from './slots.ts'
import { Trim } from './trim.ts'
import { atServer } from './where.ts'

export interface RedisOptions {
  readonly url: string
  /** Longest wait for an answer, ms. */
  readonly commandTimeout: number
  /** A file of certificates to trust with `rediss://`, PEM; empty: those that Node trusts. */
  readonly tlsCa?: string
  readonly log: Log
  /** Percent of what it may use from which on cached data is removed; absent: it never is. */
  readonly memoryMost?: number
  /** Where the mark of a probe lies; absent: under no prefix. */
  readonly prefix?: string
  /** Told what every call came to, and after how many ms. */
  readonly note?: Note
}

/** Leaves a mark where there is none, and says which was there. KEYS: the mark. ARGV: ours, its life in ms. */
const leaveMark = script(`
  local mark = redis.call('GET', KEYS[1])
  redis.call('SET', KEYS[1], mark or ARGV[1], 'PX', ARGV[2])
  return mark`)

/**
 * Resolves whether Redis is there or not: it is looked for until `close`.
 * @throws where the certificates cannot be read
 */
export async function openRedis(options: RedisOptions): Promise<Redis> {
  const { url, log, commandTimeout, memoryMost, prefix = '' } = options
  let trim: Trim | null = null
  const note: Note = (kind, ms) => {
    options.note?.(kind, ms)
    if (kind === 'full') trim?.refused()
  }
  const address = addressOf(url)
  // It may hold a password: nothing of it is shown.
  if (address === null) throw new Error('redis.url is none of the forms it may have')
  const ca = certificates(options.tlsCa ?? '')
  const common = { ca, commandTimeout, log, note }
  const where = address.kind === 'sentinel' ? bySentinels(address) : atServer(address)
  const servers =
    address.kind === 'cluster' ? new Cluster({ ...common, address }) : new Server({ ...common, where })
  const listener = openListener({ where: servers instanceof Cluster ? servers.where : where, ca })
  /** The marks that were there last, by tag. */
  const marks = new Map<string, string>()

  async function runOnce<T>(
    { lua, sha }: RedisScript,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<T> {
    const rest = [String(keys.length), ...keys, ...args.map(String)]
    try {
      return await servers.command<T>(['EVALSHA', sha, ...rest])
    } catch (error) {
      // A restarted server does not know it yet.
      if (error instanceof Error && error.message.startsWith('NOSCRIPT'))
        return servers.command<T>(['EVAL', lua, ...rest])
      throw error
    }
  }

  async function runOnMany(
    { perKey = 0, ...script }: RedisScript,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<number> {
    const parts = splitBySlot(keys, args, perKey)
    const counts = await Promise.all(parts.map(part => runOnce<number>(script, part.keys, part.args)))
    return counts.reduce((sum, count) => sum + count, 0)
  }

  /** False: the mark is gone, or another one. */
  async function isKept({ tag, insist }: Mark): Promise<boolean> {
    const key = keyOf(prefix, families.probe, tag)
    const was = marks.get(tag)
    const ours = was ?? randomUUID()
    const found = await insist(['EVAL', leaveMark.lua, 1, key, ours, families.probe.ttl])
    marks.set(tag, typeof found === 'string' ? found : ours)
    return was === undefined || found === was
  }

  const redis: Redis = {
    get up() {
      return servers.up
    },
    command: (...args) => servers.command(args),
    run<T = Reply>(
      script: RedisScript,
      keys: readonly string[],
      args: readonly (string | number)[],
    ): Promise<T> {
      if (script.perKey !== undefined && servers instanceof Cluster)
        return runOnMany(script, keys, args) as Promise<T>
      return runOnce<T>(script, keys, args)
    },
    listen: (channel, heardOf) => listener.listen(channel, heardOf),
    async ping() {
      await servers.command(['PING'])
    },
    async probe() {
      const began = performance.now()
      const looks = await Promise.allSettled(servers.marks().map(isKept))
      const failed = looks.find(look => look.status === 'rejected')
      if (failed === undefined) note('wrote', performance.now() - began)
      // What lay beside it is gone too, or somebody else has noticed first.
      if (looks.some(look => look.status === 'fulfilled' && !look.value)) note('empty', 0)
      if (failed !== undefined) throw failed.reason
    },
    async close() {
      await Promise.all([servers.close(), listener.close(), trim?.close()])
    },
  }
  if (memoryMost !== undefined) trim = new Trim({ redis, prefix, memoryMost, log })
  await servers.start()
  return redis
}

function certificates(file: string): string | undefined {
  if (file === '') return undefined
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new Error(`redis.tlsCa: ${file} cannot be read`, { cause: error })
  }
}
