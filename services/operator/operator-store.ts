// The operator's store: on its own machine, so that it is there while all else is not.

import path from 'node:path'
import { DELIVERY_STEPS } from '../../operator/alerting/delivery-store.ts'
import { DESK_STEPS } from '../../operator/alerting/desk-store.ts'
import { incidentSteps } from '../../operator/incidents/incident-store.ts'
import { leaseSteps } from '../../operator/lease.ts'
import { actSteps } from '../../operator/recovery/act-store.ts'
import type { Config } from '../../platform/config/settings.ts'
import { openSmallStore, type SmallStore } from '../../platform/store/small-store.ts'

export const openOperatorStore = (config: Config): Promise<SmallStore> =>
  openSmallStore(path.join(config['data.folder'], 'operator', 'operator.db'), [
    ...incidentSteps,
    ...actSteps,
    ...leaseSteps,
    ...DELIVERY_STEPS,
    ...DESK_STEPS,
  ])
