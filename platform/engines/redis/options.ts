// How Levee runs a Redis of its own, as pure text.

import path from 'node:path'
import type { Passwords } from '../engine.ts'

export interface RedisOptions {
  /** Most memory for data, MiB; more is refused, never evicted. */
  readonly maxMemory?: number
  /** True: what is in it comes back after a restart. */
  readonly persist?: boolean
  /** Lines of configuration added at the end, so they win: `hz 100`. */
  readonly extra?: readonly string[]
}

/** 100,000 products, members and ranking entries take a tenth of it. */
const MAX_MEMORY_MIB = 256

export const configFile = (folder: string): string => path.join(folder, 'redis.conf')

export function configuration(
  folder: string,
  port: number,
  { levee }: Passwords,
  { maxMemory = MAX_MEMORY_MIB, persist = false, extra = [] }: RedisOptions,
): string {
  return [
    'bind 127.0.0.1',
    `port ${port}`,
    `requirepass ${levee}`,
    `dir ${JSON.stringify(folder)}`,
    // By its command line it is known; Redis would write another one over it.
    'set-proc-title no',
    'save ""',
    `appendonly ${persist ? 'yes' : 'no'}`,
    'appendfsync everysec',
    `maxmemory ${maxMemory}mb`,
    // An evicted key would be an unknown one, which is safe but slow: a full Redis must be seen instead.
    'maxmemory-policy noeviction',
    ...extra,
    '',
  ].join('\n')
}

export const redisUrl = (port: number, { levee }: Passwords): string =>
  `redis://default:${levee}@127.0.0.1:${port}`
