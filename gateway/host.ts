// What all routes of one gateway share.

import type { IncomingMessage } from 'node:http'
import type { RefusalCode } from '../platform/contract/catalogue.ts'
import type { Log } from '../platform/log/log.ts'
import type { Clock } from '../platform/module.ts'
import type { Identities } from './identity.ts'
import type { InFlight } from './in-flight.ts'
import type { Outbound } from './outbound.ts'
import type { RateLimit } from './rate-limit.ts'
import type { RequestLog } from './request-log.ts'

export interface Host {
  readonly clock: Clock
  readonly log: Log
  readonly inFlight: InFlight
  readonly outbound: Outbound
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
  /** Requests refused so far, by code. */
  readonly refusals: Map<RefusalCode, number>
  readonly requestLog: RequestLog
}
