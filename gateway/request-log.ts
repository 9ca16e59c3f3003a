// What the log says of requests: breaks always, slow ones at `warn` but not a flood of them, each one at `debug`.

import type { Log } from '../platform/log/log.ts'
import type { Clock } from '../platform/module.ts'
import type { Exchange } from './exchange.ts'

/** From here on a request is slow, ms: ten times what a buyer notices. */
const SLOW_MS = 1_000
/** Pause between lines about slow requests, ms: when all are slow, one line a second says so. */
const SLOW_PAUSE_MS = 1_000

export type RequestLog = (exchange: Exchange, status: number, ms: number) => void

export function requestLog(log: Log, clock: Clock): RequestLog {
  const verbose = log.isLevelEnabled('debug')
  let quietUntil = 0
  let unsaid = 0
  return ({ requestId, route: { operation } }, status, ms) => {
    if (verbose) log.debug({ requestId, operation, status, ms: Math.round(ms) }, 'request')
    if (ms < SLOW_MS) return
    const now = clock()
    if (now < quietUntil) {
      unsaid++
      return
    }
    log.warn({ requestId, operation, status, ms: Math.round(ms), unsaid }, 'slow request')
    quietUntil = now + SLOW_PAUSE_MS
    unsaid = 0
  }
}
