// A Redis for as long as this process lives. It has a password, so that passwords are always exercised.

import type { RedisOptions } from './redis/options.ts'
import { redis } from './redis/redis.ts'
import { type Started, type StartOptions, startEngine } from './start-engine.ts'

export interface RunningRedis extends Omit<Started, 'urls'> {
  /** `redis://default:…@127.0.0.1:port` */
  readonly url: string
}

/**
 * Without `persist` it comes back empty, also in the same folder. The same folder and port give the same URL.
 * @throws EngineMissing, or Error with the server's log. The server ends with this process, even after kill -9.
 */
export async function startRedis(options: StartOptions & RedisOptions = {}): Promise<RunningRedis> {
  const { urls, ...running } = await startEngine(redis, options, options)
  return { ...running, url: urls.url }
}
