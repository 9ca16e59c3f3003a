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

/** Their clients load only when they are configured. */
export async function openEngines(config: Config, log: Log): Promise<Engines> {
  const redis = await redisOf(config, log)
  const kafka = null
  return {
    redis,
    kafka,
    async close() {
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
