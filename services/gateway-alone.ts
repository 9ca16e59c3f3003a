// The front door as a process of its own: no ledger, no module; every call goes to its service.

import { createGateway } from '../gateway/server.ts'
import type { Config } from '../platform/config/settings.ts'
import type { Log } from '../platform/log/log.ts'
import { createMetrics } from '../platform/metrics/metrics.ts'
import type { Clock } from '../platform/module.ts'
import { passingDoor } from '../platform/rpc/remote-door.ts'
import { rpcMetrics } from '../platform/rpc/rpc-metrics.ts'
import { contracts, moduleNames } from './contracts.ts'
import { BACKLOG, gatewaySettings } from './gateway-settings.ts'
import { GATEWAY, gatewayDoor, remoteIdentity } from './identity-door.ts'
import { type ServiceName, serviceFor } from './plan.ts'
import type { Work } from './service.ts'
import type { Siblings } from './siblings.ts'

export interface Parts {
  readonly name: ServiceName
  readonly config: Config
  readonly log: Log
  readonly clock: Clock
  readonly version: string
  readonly siblings: Siblings
}

/** Without these nothing can be sold. The others may be away, and the gateway is still of use. */
const NEEDED = ['account', 'product', 'order', 'payment'] as const

export async function gatewayAlone({ config, log, clock, version, siblings }: Parts): Promise<Work> {
  const metrics = createMetrics(null)
  rpcMetrics(metrics.registry, () => siblings.status())
  const doors = siblings.doors(passingDoor)
  const ready = async (): Promise<void> => {
    const away = NEEDED.filter(module => siblings.client(serviceFor(config, module, 'calls')).status.up === 0)
    if (away.length > 0) throw new Error(`away: ${away.join(', ')}`)
  }
  const gateway = createGateway({
    modules: moduleNames.map(name => ({ name, contract: contracts[name], door: doors[name] })),
    ...remoteIdentity(siblings.client('account'), clock),
    ready,
    settings: gatewaySettings(config),
    ...{ clock, log, metrics, version },
  })
  return {
    doors: new Map([[GATEWAY, gatewayDoor(principalId => gateway.forget(principalId))]]),
    ready,
    metrics,
    start: () =>
      gateway.app.listen({ host: config['http.host'], port: config['http.port'], backlog: BACKLOG }),
    pause: () => gateway.drain(config['shutdown.drainTimeout']),
    async stop() {
      await gateway.close()
      metrics.stop()
    },
  }
}
