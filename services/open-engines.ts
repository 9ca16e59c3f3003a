// The engines beside the ledger, where they are configured. A shop starts without them when they are down.

import type { Config } from '../platform/config/settings.ts'
import type { Kafka } from '../platform/kafka/kafka.ts'
import type { Log } from '../platform/log/log.ts'
import type { Redis } from '../platform/redis/redis.ts'

export interface Engines {
  readonly redis: Redis | null
  readonly kafka: Kafka | null
  close(): Promise<void>
}

/** Their clients load only when they are configured, and wanted: that of Kafka takes two fifths of loading a service. */
export async function openEngines(
  config: Config,
  log: Log,
  wanted: { readonly redis: boolean; readonly kafka: boolean } = { redis: true, kafka: true },
): Promise<Engines> {
  const redis = wanted.redis ? await redisOf(config, log) : null
  const kafka = wanted.kafka ? await kafkaOf(config, log) : null
  return {
    redis,
    kafka,
    async close() {
      await kafka?.close()
      await redis?.close()
    },
  }
}

async function redisOf(config: Config, log: Log): Promise<Redis | null> {
  if (config['redis.url'] === '') return null
  const { openRedis } = await import('../platform/redis/open-redis.ts')
  const { 'redis.url': url, 'redis.tlsCa': tlsCa, 'redis.commandTimeout': commandTimeout } = config
  return openRedis({ url, tlsCa, commandTimeout, log })
}

async function kafkaOf(config: Config, log: Log): Promise<Kafka | null> {
  const brokers = config['kafka.brokers']
  if (brokers.length === 0) return null
  const { openKafka } = await import('../platform/kafka/open-kafka.ts')
  return openKafka({
    ...{ brokers, log },
    prefix: config['kafka.prefix'],
    publishTimeout: config['kafka.publishTimeout'],
  })
}
