// What the best-seller module is given.

import type { Door } from '../../platform/contract/operation.ts'
import type { Log } from '../../platform/log/log.ts'
import type { Clock } from '../../platform/module.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import type { orderContract } from '../order/contract.ts'
import type { productContract } from '../product/contract.ts'

export interface BestsellerSettings {
  readonly timeZone: string
  /** The oldest that a ranking may be shown, ms. */
  readonly staleness: number
}

export interface BestsellerDeps {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly log: Log
  readonly settings: BestsellerSettings
  readonly order: Pick<Door<typeof orderContract>, 'paidLines'>
  readonly product: Pick<Door<typeof productContract>, 'namesOf'>
}
