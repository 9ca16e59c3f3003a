import type { SettingType } from '../config/setting-types.ts'
import { addressOf } from './address.ts'

const label = 'URL (redis://, rediss://, redis+sentinel://, redis+cluster://) or empty'

/** One server, the sentinels that know it, or a cluster: see `redis.url`. */
export const redisUrl: SettingType<string> = {
  label,
  check: value =>
    typeof value === 'string' && (value === '' || addressOf(value) !== null)
      ? { value }
      : { problem: `must be a ${label}` },
  fromText: text => text,
}
