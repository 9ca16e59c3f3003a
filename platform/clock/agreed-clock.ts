// The clock of a process: what its machine, its own count and the ledger's server agree on.

import { AgreedTime } from '../../resilience/agreed-time.ts'
import type { Clock } from '../module.ts'

export interface AgreedClock {
  readonly clock: Clock
  /** The ledger's clock showed `at`, epoch ms, between two moments of `performance.now()`. */
  readonly heard: (at: number, asked: number, answered: number) => void
}

export function agreedClock(): AgreedClock {
  const time = new AgreedTime()
  return {
    clock: () => time.now(Date.now(), performance.now()),
    heard: (at, asked, answered) => time.heard(at, asked, answered),
  }
}
