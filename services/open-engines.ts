// The engines beside the ledger, where they are configured. A shop starts without them when they are down.

import type { AgreedClock } from '../platform/clock/agreed-clock.ts'
import type { Config } from '../platform/config/settings.ts'
import { EngineHealth, type Note } from '../platform/health/engine-health.ts'
import type { Kafka } from '../platform/kafka/kafka.ts'
import type { Log } from '../platform/log/log.ts'
import type { Redis } from '../platform/redis/redis.ts'
import type { Ledger } from '../platform/sql/ledger.ts'
import { openLedger } from '../platform/sql/open-ledger.ts'
import type { Engine } from '../resilience/ladders.ts'

export interface Engines {
  readonly redis: Redis | null
  readonly kafka: Kafka | null
  /** Of those that are there, the ledger among them. */
  readonly health: ReadonlyMap<Engine, EngineHealth>
  close(): Promise<void>
}

/**
 * Median answers from which on an engine is of no use, ms: a read of the ledger takes less than Redis then, and a claim's
 * buyer waits less for the ledger than for Kafka.
 */
const SLOW_MS: Readonly<Record<Engine, number>> = {
  redis: 50,
  kafka: 500,
  // However slow it is, it is the judge.
  ledger: Number.POSITIVE_INFINITY,
}

export interface WatchedLedger {
  readonly ledger: Ledger
  /** Null: SQLite, which is there as long as this process is. */
  readonly health: EngineHealth | null
}

/** The ledger, and how it is. `heardTime`: told what its server's clock showed, as `AgreedClock.heard`. */
export async function openWatchedLedger(
  config: Config,
  heardTime?: AgreedClock['heard'],
): Promise<WatchedLedger> {
  const url = config['ledger.url']
  const health = new EngineHealth({ name: 'ledger', slow: SLOW_MS.ledger, probe: () => ledger.probe() })
  const ledger: Ledger = await openLedger({
    url,
    dataFolder: config['data.folder'],
    poolSize: config['ledger.poolSize'],
    lockWait: config['ledger.lockWait'],
    replicaUrl: config['ledger.replicaUrl'],
    note: health.note,
    ...(heardTime === undefined ? {} : { heardTime }),
  })
  return { ledger, health: url === '' ? null : health }
}

/** `ledger`: its health. Their clients load only when they are configured, and wanted: that of Kafka takes two fifths of loading a service. */
export async function openEngines(
  config: Config,
  log: Log,
  ledger: EngineHealth | null,
  wanted: { readonly redis: boolean; readonly kafka: boolean } = { redis: true, kafka: true },
): Promise<Engines> {
  const health = new Map<Engine, EngineHealth>(ledger === null ? [] : [['ledger', ledger]])
  /** Where an engine's calls are noted, from the first one on. */
  const healthOf = (name: Engine, probe: () => Promise<void>): Note => {
    const of = new EngineHealth({ name, slow: SLOW_MS[name], probe })
    health.set(name, of)
    return of.note
  }
  const redis: Redis | null = wanted.redis
    ? await redisOf(
        config,
        log,
        healthOf('redis', async () => redis?.probe()),
      )
    : null
  const kafka: Kafka | null = wanted.kafka
    ? await kafkaOf(
        config,
        log,
        healthOf('kafka', async () => kafka?.probe()),
      )
    : null
  if (redis === null) health.delete('redis')
  if (kafka === null) health.delete('kafka')
  return {
    redis,
    kafka,
    health,
    async close() {
      await kafka?.close()
      await redis?.close()
    },
  }
}

async function redisOf(config: Config, log: Log, note: Note): Promise<Redis | null> {
  if (config['redis.url'] === '') return null
  const { openRedis } = await import('../platform/redis/open-redis.ts')
  const { 'redis.url': url, 'redis.tlsCa': tlsCa, 'redis.commandTimeout': commandTimeout } = config
  const { 'redis.prefix': prefix, 'redis.memoryMost': memoryMost } = config
  return openRedis({ url, tlsCa, commandTimeout, prefix, memoryMost, log, note })
}

async function kafkaOf(config: Config, log: Log, note: Note): Promise<Kafka | null> {
  const brokers = config['kafka.brokers']
  if (brokers.length === 0) return null
  const { openKafka } = await import('../platform/kafka/open-kafka.ts')
  return openKafka({
    ...{ brokers, log, note },
    prefix: config['kafka.prefix'],
    publishTimeout: config['kafka.publishTimeout'],
  })
}
