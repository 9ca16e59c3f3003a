// What the point module is given.

import type { Log } from '../../platform/log/log.ts'
import type { Clock } from '../../platform/module.ts'
import type { BatchObserver, Combiner } from '../../platform/sql/combiner.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import type { PointAnswer, PointRequest } from './point-book.ts'

export interface PointSettings {
  /** Points earned, percent of the money paid; a point is worth one minor unit. */
  readonly earnPercent: number
  /** ms */
  readonly lockWait: number
}

export interface PointDeps {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly log: Log
  readonly settings: PointSettings
  readonly observe?: BatchObserver
}

export interface PointContext extends PointDeps {
  readonly combiner: Combiner<PointRequest, PointAnswer>
}
