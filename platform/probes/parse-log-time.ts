// When a line of a log was written. Pure. Lines without a time belong to the one before: stack traces, continued messages.

/** As our own log has it, and every JSON that follows the same habit. */
const JSON_TIME = /"(?:time|timestamp|@timestamp)":"?([^",}]+)"?/
/** `2026-01-31T10:00:00.123Z` (MySQL), `[2026-01-31 10:00:00,123]` (Kafka), `2026-01-31 10:00:00 0 [Note]` (MariaDB), with or without a zone. */
const ISO = /^\[?(\d{4})-(\d\d)-(\d\d)[T ]{1,2}(\d{1,2}):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d)?/
/** `1234:M 31 Jan 2026 10:00:00.123 * Ready` (Redis). */
const REDIS = /^\d+:[XCSM] (\d{1,2}) (\w{3}) (\d{4}) (\d\d):(\d\d):(\d\d)\.(\d{3})/
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** Epoch ms, or null. A time without a zone is taken for this machine's, where the server writes its log. */
export function logTime(line: string): number | null {
  const json = line.startsWith('{') ? JSON_TIME.exec(line)?.[1] : undefined
  if (json !== undefined) return jsonTime(json)
  const iso = ISO.exec(line)
  if (iso !== null) {
    const [, year, month, day, hour, minute, second, fraction = '0', zone] = iso
    const parts = [year, month, day, hour, minute, second].map(Number) as Parts
    return timeOf(parts, Number(`0.${fraction}`) * 1000, zone)
  }
  const redis = REDIS.exec(line)
  if (redis === null) return null
  const [, day, name, year, hour, minute, second, ms] = redis
  const month = MONTHS.indexOf(name!) + 1
  if (month === 0) return null
  return timeOf([Number(year), month, Number(day), Number(hour), Number(minute), Number(second)], Number(ms))
}

type Parts = [number, number, number, number, number, number]

function timeOf([year, month, day, hour, minute, second]: Parts, ms: number, zone?: string): number | null {
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60) return null
  const whole = Math.floor(ms)
  if (zone === undefined) return new Date(year, month - 1, day, hour, minute, second, whole).getTime()
  const utc = Date.UTC(year, month - 1, day, hour, minute, second, whole)
  if (zone === 'Z') return utc
  const sign = zone.startsWith('-') ? -1 : 1
  const digits = zone.replace(/\D/g, '')
  return utc - sign * (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2))) * 60_000
}

function jsonTime(text: string): number | null {
  const time = /^\d{10,13}$/.test(text) ? Number(text) * (text.length === 10 ? 1000 : 1) : Date.parse(text)
  return Number.isNaN(time) ? null : time
}
