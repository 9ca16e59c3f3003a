// Redis by node-redis. Nothing waits while there is no connection, and no answer is waited for past its time.

import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { SampleKind } from '../../resilience/detector.ts'
import type { Log } from '../log/log.ts'
import { type Client, Connection } from './connection.ts'
import { families, keyOf } from './keys.ts'
import { openListener } from './listener.ts'
import { type Redis, RedisAway, type RedisScript, type Reply, script } from './redis.ts'
import { isDemoted, isReply, sampleOf } from './redis-errors.ts'

/** A connection that answers nothing for so long is given up and made anew, ms. Until then a late answer revives it. */
const SILENCE_MS = 2_000

export interface RedisOptions {
  readonly url: string
  /** Longest wait for an answer, ms. */
  readonly commandTimeout: number
  /** A file of certificates to trust with `rediss://`, PEM; empty: those that Node trusts. */
  readonly tlsCa?: string
  readonly log: Log
  /** Where the mark of a probe lies; absent: under no prefix. */
  readonly prefix?: string
  /** Told what every call came to, and after how many ms. */
  readonly note?: (kind: SampleKind, ms: number) => void
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
  const { url, log, commandTimeout, note = () => undefined } = options
  const ca = certificates(options.tlsCa ?? '')
  const failed = (error: Error, ms: number): void => note(sampleOf(error), ms)
  const connection = new Connection({ url, ca, log, protocol: 2, failed, greet: expectPrimary })
  const listener = openListener({ url, ca })
  /** When anything was answered last; `performance.now()`. */
  let answered = 0
  /** Nothing was answered for `commandTimeout`: until something is, nobody waits for it. */
  let silence: NodeJS.Timeout | null = null

  /** The mark that was there last; null: none was looked for yet. */
  let mark: string | null = null

  const heard = (): void => {
    answered = performance.now()
    if (silence === null) return
    clearTimeout(silence)
    silence = null
  }
  const noAnswer = (client: Client, began: number): void => {
    if (silence !== null || answered > began || connection.client !== client) return
    silence = setTimeout(() => {
      silence = null
      connection.drop(client, new Error(`no answer for ${SILENCE_MS} ms`))
    }, SILENCE_MS)
  }
  const failure = (client: Client, error: Error): Error => {
    if (isReply(error)) return error
    // Another server may be the primary now: it is found by connecting anew.
    if (isDemoted(error)) connection.drop(client, error)
    return new RedisAway(connection.plain(error).message)
  }

  /** One command, its answer within its time. (A timer costs 0.1 µs; a list of deadlines of our own cost as much.) */
  function send<T>(client: Client, args: readonly (string | number)[]): Promise<T> {
    const began = performance.now()
    return new Promise<T>((resolve, reject) => {
      let late: NodeJS.Immediate | undefined
      const timer = setTimeout(() => {
        // This loop may have been busy for longer than that: answers that lie in the socket are read first.
        late = setImmediate(() => {
          note('hung', performance.now() - began)
          reject(new RedisAway(`no answer within ${commandTimeout} ms`))
          noAnswer(client, began)
        })
      }, commandTimeout)
      const ended = (): void => {
        clearTimeout(timer)
        clearImmediate(late)
      }
      client.sendCommand(args.map(String)).then(
        reply => {
          ended()
          heard()
          note('ok', answered - began)
          resolve(reply as T)
        },
        (error: Error) => {
          ended()
          note(sampleOf(error), performance.now() - began)
          if (isReply(error)) heard()
          reject(failure(client, error))
        },
      )
    })
  }

  const redis: Redis = {
    get up() {
      return connection.client !== null && silence === null
    },
    command(...args) {
      const { client } = connection
      if (client === null) return Promise.reject(new RedisAway('not connected'))
      if (silence !== null) return Promise.reject(new RedisAway('it does not answer'))
      return send(client, args)
    },
    async run<T = Reply>(
      { lua, sha }: RedisScript,
      keys: readonly string[],
      args: readonly (string | number)[],
    ): Promise<T> {
      const rest = [String(keys.length), ...keys, ...args.map(String)]
      try {
        return await redis.command<T>('EVALSHA', sha, ...rest)
      } catch (error) {
        // A restarted server does not know it yet.
        if (error instanceof Error && error.message.startsWith('NOSCRIPT'))
          return redis.command<T>('EVAL', lua, ...rest)
        throw error
      }
    },
    listen: (channel, heardOf) => listener.listen(channel, heardOf),
    async ping() {
      await redis.command('PING')
    },
    async probe() {
      const { client } = connection
      // Its attempts to connect tell how it is.
      if (client === null) throw new RedisAway('not connected')
      const began = performance.now()
      const key = keyOf(options.prefix ?? '', families.probe, 'mark')
      const ours = mark ?? randomUUID()
      const found = await send<string | null>(client, [
        ...['EVAL', leaveMark.lua, 1, key],
        ...[ours, families.probe.ttl],
      ])
      note('wrote', performance.now() - began)
      const was = mark
      mark = found ?? ours
      // Gone, or another one: what lay beside it is gone too, or somebody else has noticed first.
      if (was !== null && found !== was) note('empty', 0)
    },
    async close() {
      if (silence !== null) clearTimeout(silence)
      silence = null
      await Promise.all([connection.close(), listener.close()])
    },
  }
  await connection.start()
  return redis
}

/** A replica would take our reads and refuse our writes. */
async function expectPrimary(client: Client): Promise<void> {
  let role: unknown
  try {
    ;[role] = (await client.sendCommand(['ROLE'])) as unknown as [unknown]
  } catch (error) {
    // Whoever may not ask finds out by the first write.
    if ((error as Error).message.startsWith('NOPERM')) return
    throw error
  }
  if (role !== 'master') throw new Error(`READONLY it is a ${String(role)}, no primary`)
}

function certificates(file: string): string | undefined {
  if (file === '') return undefined
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new Error(`redis.tlsCa: ${file} cannot be read`, { cause: error })
  }
}
