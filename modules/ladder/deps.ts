import type { Ladders } from '../../platform/ladders/ladders.ts'
import type { Clock } from '../../platform/module.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'

export interface LadderDeps {
  readonly ledger: Ledger
  readonly ladders: Ladders
  readonly clock: Clock
  /** This process, as others see it. */
  readonly self: { readonly process: string; readonly service: string }
}
