// How one Redis server is, by its own words, over a connection of the probe's own that is kept while it is well.

import { addressOf, secretsOf } from '../redis/address.ts'
import { type Client, clientOf } from '../redis/client-of.ts'
import { within } from '../within.ts'
import { parseInfo, type RedisInfo } from './parse-info.ts'
import { PROBE_MS } from './probe.ts'
import { ProbeFailed, probeFailure } from './probe-failed.ts'

export interface RedisProbeOptions {
  /** Of one server, `redis://user:password@host:port`; of a cluster or sentinels each node has a probe of its own. */
  readonly url: string
  /** Certificates to trust, PEM. */
  readonly ca?: string
  /** ms */
  readonly timeLimit?: number
}

/** What LATENCY LATEST tells of one kind of event; nothing where `latency-monitor-threshold` is 0. */
export interface LatencyEvent {
  readonly event: string
  /** Epoch ms. */
  readonly at: number
  /** ms */
  readonly latest: number
  /** ms, since the start or LATENCY RESET. */
  readonly worst: number
}

export interface RedisReading {
  /** PING there and back, ms. */
  readonly ping: number
  /** Connection and greeting, ms; null: the connection of the reading before was used. */
  readonly connect: number | null
  readonly info: RedisInfo
  /** Null: it does not let us ask. */
  readonly latency: readonly LatencyEvent[] | null
}

export interface RedisProbe {
  /** @throws ProbeFailed */
  read(signal: AbortSignal): Promise<RedisReading>
  close(): void
}

export function openRedisProbe({ url, ca, timeLimit = PROBE_MS }: RedisProbeOptions): RedisProbe {
  const address = addressOf(url)
  if (address?.kind !== 'server') throw new Error('the address of one Redis server is wanted')
  const secrets = secretsOf(address)
  let kept: Client | null = null

  async function read(signal: AbortSignal): Promise<RedisReading> {
    let client = kept
    kept = null
    let connect: number | null = null
    try {
      return await within(timeLimit, signal, async inner => {
        if (client === null || !client.isReady) {
          const began = performance.now()
          client = probing(url, ca, timeLimit)
          await client.connect()
          connect = performance.now() - began
        }
        inner.throwIfAborted()
        const reading = { ...(await ask(client)), connect }
        // A reading at the same time may have kept its own.
        if (kept === null && !inner.aborted) kept = client
        else end(client)
        return reading
      })
    } catch (error) {
      end(client)
      throw probeFailure('Redis', error, secrets)
    }
  }

  return {
    read,
    close() {
      end(kept)
      kept = null
    },
  }
}

/** One reading over a connection of its own. @throws ProbeFailed */
export async function probeRedis(options: RedisProbeOptions, signal: AbortSignal): Promise<RedisReading> {
  const probe = openRedisProbe(options)
  try {
    return await probe.read(signal)
  } finally {
    probe.close()
  }
}

function end(client: Client | null): void {
  // One that ended by itself would throw.
  if (client?.isOpen) client.destroy()
}

async function ask(client: Client): Promise<Omit<RedisReading, 'connect'>> {
  const began = performance.now()
  // While it reads its data it says so to everything but INFO: an answer all the same.
  await client.sendCommand(['PING']).catch((error: Error) => {
    if (!error.message.startsWith('LOADING')) throw error
  })
  const ping = performance.now() - began
  const text: unknown = await client.sendCommand(['INFO'])
  if (typeof text !== 'string') throw new ProbeFailed('broke', 'Redis: its answer to INFO is no text')
  const latency: unknown = await client.sendCommand(['LATENCY', 'LATEST']).catch((error: Error) => {
    // A right or a command that it has not; what broke the connection is seen by the next command.
    if (/^[A-Z]+ /.test(error.message)) return null
    throw error
  })
  return { ping, info: parseInfo(text), latency: latencyEvents(latency) }
}

/** `[[event, epoch seconds, latest ms, worst ms], …]` */
export function latencyEvents(answer: unknown): readonly LatencyEvent[] | null {
  if (!Array.isArray(answer)) return null
  return answer.map((row: readonly unknown[]) => ({
    event: String(row[0]),
    at: Number(row[1]) * 1_000,
    latest: Number(row[2]),
    worst: Number(row[3]),
  }))
}

function probing(url: string, ca: string | undefined, connectTimeout: number): Client {
  const client = clientOf({ url, protocol: 2, ca, connectTimeout })
  client.on('error', () => undefined) // shows where it is used
  return client
}
