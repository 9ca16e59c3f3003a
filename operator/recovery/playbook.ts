// What is done about a cause: steps, each with what must be true after it. A playbook is data; what its words mean is handed to
// the runner.

import type { Subject } from '../subject.ts'
import type { Texts } from '../texts.ts'

/** What the operator can do. Each is a lever that it owns; the shop moves its own. */
export const ACTS = [
  'restart-redis',
  'restart-kafka',
  'restart-ledger',
  'restart-shop',
  'trim-redis',
  'raise-redis-memory',
  'end-blocker',
  'purge-binary-logs',
  'rebuild-ranking',
] as const
export type Act = (typeof ACTS)[number]

/** What can be asked. */
export const CHECKS = [
  'redis-answers',
  'redis-has-memory',
  'kafka-answers',
  'kafka-caught-up',
  'ledger-answers',
  'ledger-not-blocked',
  'shop-answers',
  'ranking-is-right',
  'books-balance',
  'disk-has-room',
] as const
export type Check = (typeof CHECKS)[number]

export interface Step {
  readonly id: string
  readonly what: Texts
  /** Null: only the check, which waits for what comes by itself. */
  readonly act: Act | null
  /** Whom it touches: one act at a time on each. */
  readonly on: Subject
  /** True after it. Where it is true before, nothing is done. */
  readonly check: Check
  /** Longest until it is, ms. */
  readonly limit: number
  /** What follows where it is not true in time. */
  readonly otherwise: 'next' | 'escalate'
}

export interface Playbook {
  readonly id: string
  readonly name: Texts
  readonly steps: readonly Step[]
}
