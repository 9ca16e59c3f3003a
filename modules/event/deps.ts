import type { DeadLetters } from '../../platform/events/dead-letters.ts'
import type { Clock } from '../../platform/module.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'

export interface EventDeps {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly deadLetters: DeadLetters
}
