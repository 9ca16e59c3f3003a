// Redis by node-redis. Nothing waits while there is no connection, and no answer is waited for past its time.

import { createClient } from 'redis'
import { type Backoff, fullJitter } from '../../resilience/backoff.ts'
import type { Log } from '../log/log.ts'
import { type Redis, RedisAway, type RedisScript, type Reply } from './redis.ts'

/** Longest wait for a connection, ms: on one machine it takes one, across a country thirty. */
const CONNECT_MS = 1_000
/** Pauses between attempts to connect. */
const RECONNECT: Backoff = { first: 50, most: 2_000 }
/** Commands that wait for an answer: two seconds of a busy gate's. More are refused at once. */
const QUEUE_MOST = 20_000
/** A connection that answers nothing for so long is given up and made anew, ms. */
const SILENCE_MS = 2_000

export interface RedisOptions {
  readonly url: string
  /** Longest wait for an answer, ms. */
  readonly commandTimeout: number
  readonly log: Log
}

/** Resolves whether Redis is there or not: it is looked for until `close`. */
export async function openRedis(options: RedisOptions): Promise<Redis> {
  const { log, commandTimeout } = options
  const client = connectionTo(options.url)
  let listening: Client | null = null
  let told = false
  let silentSince: number | null = null
  const trouble = (error: Error): void => {
    // Once an outage, not once an attempt.
    if (!told) log.warn({ err: error }, 'Redis is away')
    told = true
  }
  client.on('error', trouble)
  client.on('ready', () => {
    if (told) log.info('Redis is back')
    told = false
    silentSince = null
  })
  // Its failure is told above; it goes on trying.
  void client.connect().catch(() => undefined)
  await ready(client, CONNECT_MS)

  /** One answer within its time. */
  const within = <T>(answer: Promise<unknown>): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new RedisAway(`no answer within ${commandTimeout} ms`))
        noteSilence()
      }, commandTimeout)
      answer.then(
        reply => {
          clearTimeout(timer)
          silentSince = null
          resolve(reply as T)
        },
        (error: Error) => {
          clearTimeout(timer)
          reject(isReply(error) ? error : new RedisAway(error.message, { cause: error }))
        },
      )
    })

  /** A stopped server keeps its connections open: after a while a new one finds out. */
  function noteSilence(): void {
    const now = performance.now()
    silentSince ??= now
    if (now - silentSince < SILENCE_MS || !client.isOpen) return
    silentSince = now
    client.destroy()
    void client.connect().catch(() => undefined)
  }

  const redis: Redis = {
    get up() {
      return client.isReady
    },
    command(...args) {
      if (!client.isReady) return Promise.reject(new RedisAway('not connected'))
      return within(client.sendCommand(args.map(String)))
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
    async listen(channel, heard) {
      if (listening === null) {
        listening = client.duplicate()
        listening.on('error', () => undefined)
        void listening.connect().catch(() => undefined)
        await ready(listening, CONNECT_MS)
      }
      // Subscribed again by itself after each reconnection. While away it waits for the connection.
      await listening.subscribe(channel, heard).catch(() => undefined)
    },
    async ping() {
      await redis.command('PING')
    },
    async close() {
      listening?.destroy()
      if (client.isOpen) client.destroy()
    },
  }
  return redis
}

type Client = ReturnType<typeof connectionTo>

function connectionTo(url: string) {
  return createClient({
    url,
    // Answers as plain arrays.
    RESP: 2,
    disableOfflineQueue: true,
    commandsQueueMaxLength: QUEUE_MOST,
    socket: {
      connectTimeout: CONNECT_MS,
      reconnectStrategy: attempt => fullJitter(RECONNECT, attempt + 1, Math.random()),
    },
  })
}

function ready(client: Client, patience: number): Promise<void> {
  if (client.isReady) return Promise.resolve()
  return new Promise(resolve => {
    const timer = setTimeout(resolve, patience)
    client.once('ready', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}

/** The server answered, with an error: a wrong command, not an outage. Except that it is loading, or no primary any more. */
function isReply(error: Error): boolean {
  return (
    /^[A-Z]+ /.test(error.message) && !/^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|BUSY) /.test(error.message)
  )
}
