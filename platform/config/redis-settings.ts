// Where Redis is, and what it may take. Read into the table of settings.ts.

import { addressOf } from '../redis/address.ts'
import { int, type SettingType, string } from './setting-types.ts'
import type { Setting } from './settings.ts'

const row = <T>(setting: Setting<T> & { default: NoInfer<T> }): Setting<T> => setting

const label = 'URL (redis://, rediss://, redis+sentinel://, redis+cluster://) or empty'

const redisUrl: SettingType<string> = {
  label,
  check: value =>
    typeof value === 'string' && (value === '' || addressOf(value) !== null)
      ? { value }
      : { problem: `must be a ${label}` },
  fromText: text => text,
}

const MINUTE_MS = 60_000

export const redisSettings = {
  'redis.url': row({
    env: 'LEVEE_REDIS_URL',
    type: redisUrl,
    default: '',
    unit: '',
    secret: true,
    description:
      '`redis://user:password@host:port` of a Redis 7+ or Valkey; `redis+sentinel://user:password@host:port,host:port/NAME` of the primary that sentinels know by this name; `redis+cluster://user:password@host:port,host:port` of a cluster, some of its nodes named. With `rediss` instead of `redis` the servers are spoken to by TLS; sentinels never are. Empty: no rung that needs it.',
  }),
  'redis.tlsCa': row({
    env: 'LEVEE_REDIS_TLS_CA',
    type: string(/^[^\r\n]*$/, 'a file'),
    default: '',
    unit: '',
    description:
      'File with the certificates (PEM) that a `rediss://` server is trusted by. Empty: those that Node trusts.',
  }),
  'redis.commandTimeout': row({
    env: 'LEVEE_REDIS_COMMAND_TIMEOUT',
    type: int(5, MINUTE_MS),
    default: 100,
    unit: 'ms',
    description:
      'Longest wait for one answer of Redis. A healthy one takes less than 1 ms; after this the ledger is asked instead.',
  }),
  'redis.memoryMost': row({
    env: 'LEVEE_REDIS_MEMORY_MOST',
    type: int(1, 100),
    default: 85,
    unit: 'percent',
    description:
      'Of the memory Redis may use (its `maxmemory`; without one, never): above it, and when it refuses a write for want of memory, cached products, sessions and rankings are removed, oldest first. Below 100 so that no write is refused first.',
  }),
  'redis.prefix': row({
    env: 'LEVEE_REDIS_PREFIX',
    type: string(/^[a-z0-9-]{1,40}$/, '1 to 40 small letters, digits and hyphens'),
    default: 'levee',
    unit: '',
    description: 'Begins every key and channel, so that several shops may share one Redis.',
  }),
} as const
