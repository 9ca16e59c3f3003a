// The whole shop as one process a service, on this machine: tables and database users made, children started, the first
// administrator and catalogue brought in through their doors, then the front door opened.

import type { Config } from '../../platform/config/settings.ts'
import type { Log } from '../../platform/log/log.ts'
import { openLedger } from '../../platform/sql/open-ledger.ts'
import { migrate } from '../../platform/sql/schema.ts'
import { schemaOf, schemas } from '../compose.ts'
import type { Doors, ModuleName } from '../contracts.ts'
import { internalKeys } from '../internal-keys.ts'
import { installationSecrets } from '../secrets.ts'
import { Siblings } from '../siblings.ts'
import type { Child } from './child.ts'
import { Fleet, type Instances } from './fleet.ts'
import { makeModuleUsers } from './module-users.ts'
import { freePorts } from './ports.ts'

/** Connections for making tables and users. */
const POOL = 2

export interface SplitOptions {
  readonly config: Config
  readonly log: Log
  readonly instances: Instances
  /** The ledger as a user who may make others. */
  readonly granting: string
  changed(child: Child): void
  /** What comes before the first customer. */
  furnish(doors: Doors): Promise<void>
}

export interface SplitShop {
  /** Of the front door. */
  readonly url: string
  readonly children: readonly Child[]
  stop(): Promise<boolean>
}

export async function startSplit(options: SplitOptions): Promise<SplitShop> {
  const { config, log, instances, granting, changed, furnish } = options
  // Made before the children look for them.
  installationSecrets(config['data.folder'])
  const keys = internalKeys(config)
  const ledgerUrls = await prepareLedger(config, granting)
  const httpPort = config['http.port'] || (await freePorts(config['http.host'], 1))[0]!
  const told = (child: Child): void => {
    const { name, lastEnd: end, state } = child
    if (state === 'restarting' || state === 'given up') log.error({ name, end, state }, 'a service ended')
    changed(child)
  }
  const fleet = await Fleet.plan({ config, instances, httpPort, ledgerUrls, changed: told })
  const siblings = new Siblings({ service: 'starter', config: fleet.config, keys, clock: Date.now, log })
  try {
    await fleet.start(service => service !== 'gateway' && service !== 'relay')
    await furnish(siblings.doors())
    // As in one process: events and customers come to a shop that is furnished.
    const last = await fleet.start(service => service === 'gateway' || service === 'relay')
    const url = last.find(ready => ready.url !== null)!.url!
    return { url, children: fleet.children, stop: () => fleet.stop() }
  } catch (error) {
    await fleet.stop()
    throw error
  } finally {
    siblings.close()
  }
}

async function prepareLedger(config: Config, url: string): Promise<ReadonlyMap<ModuleName, string>> {
  const ledger = await openLedger({
    ...{ url, dataFolder: config['data.folder'], poolSize: POOL },
    lockWait: config['ledger.lockWait'],
  })
  try {
    await migrate(ledger, schemas)
    return await makeModuleUsers(ledger, url, schemaOf, config['data.folder'])
  } finally {
    await ledger.close()
  }
}
