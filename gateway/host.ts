// What all routes of one gateway share.

import type { IncomingMessage } from 'node:http'
import type { Log } from '../platform/log/log.ts'
import type { Clock } from '../platform/module.ts'
import type { Exchange } from './exchange.ts'
import type { Identities } from './identity.ts'
import type { InFlight } from './in-flight.ts'
import type { RateLimit } from './rate-limit.ts'

export interface Host {
  readonly clock: Clock
  readonly log: Pick<Log, 'error' | 'warn' | 'debug'>
  readonly inFlight: InFlight
  /** Most requests worked on at once. */
  readonly inFlightMost: number
  /** Longest deadline, ms. */
  readonly requestTimeout: number
  readonly identities: Identities
  readonly identityLimit: RateLimit
  readonly addressLimit: RateLimit
  readonly credentialLimit: RateLimit
  readonly addressOf: (request: IncomingMessage) => string
  /** True from the moment this process stops. */
  draining: boolean
  /** Told of every answer; `ms` since the request was read. */
  answered(exchange: Exchange, status: number, ms: number): void
}
