// The way from one process to all others of the shop: signed, with a client for each service.

import { ConfigError } from '../platform/config/load-config.ts'
import type { Config } from '../platform/config/settings.ts'
import type { Contract, Door } from '../platform/contract/operation.ts'
import type { Consumer } from '../platform/events/consumer.ts'
import type { Log } from '../platform/log/log.ts'
import type { Clock } from '../platform/module.ts'
import { Signer } from '../platform/rpc/identity.ts'
import type { KeyRing } from '../platform/rpc/key-ring.ts'
import { remoteDoor } from '../platform/rpc/remote-door.ts'
import { ServiceClient } from '../platform/rpc/service-client.ts'
import { remoteConsumer } from './consumers-door.ts'
import { contracts, type Doors, type ModuleName, moduleNames } from './contracts.ts'
import { hearsOf } from './hears-of.ts'
import { placesOf, type ServiceName, serviceFor } from './plan.ts'
import { routeKeys } from './route-keys.ts'

export interface SiblingsOptions {
  /** Who asks. */
  readonly service: string
  readonly config: Config
  readonly keys: KeyRing
  readonly clock: Clock
  readonly log: Log
}

export type DoorMaker = <C extends Contract>(contract: C, name: string, service: ServiceClient) => Door<C>

export class Siblings {
  private readonly options: SiblingsOptions
  private readonly signer: Signer
  private readonly clients = new Map<ServiceName, ServiceClient>()

  /** @throws ConfigError naming every service whose place is not known */
  constructor(options: SiblingsOptions) {
    this.options = options
    const { service, config, keys, clock } = options
    this.signer = new Signer(service, keys, clock)
    const problems = moduleNames
      .map(module => serviceFor(config, module, 'calls'))
      .filter(name => placesOf(config, name).length === 0)
      .map(name => `services.${name} is empty: every service knows where the others are`)
    if (problems.length > 0) throw new ConfigError(problems)
  }

  client(name: ServiceName): ServiceClient {
    let client = this.clients.get(name)
    if (client === undefined) {
      client = this.clientOf(name, placesOf(this.options.config, name))
      this.clients.set(name, client)
    }
    return client
  }

  /** One client an instance: for what all of them have to hear. */
  each(name: ServiceName): readonly ServiceClient[] {
    return placesOf(this.options.config, name).map(url => this.clientOf(name, [url]))
  }

  /** The doors of all modules, as if none were here. */
  doors(make: DoorMaker = remoteDoor): Doors {
    const { config } = this.options
    return Object.fromEntries(
      moduleNames.map(module => {
        const client = this.client(serviceFor(config, module, 'calls'))
        return [module, make(contracts[module], module, client)]
      }),
    ) as unknown as Doors
  }

  /** The consumers of all modules but these. */
  consumersBut(here: ReadonlySet<ModuleName>): readonly Consumer[] {
    const { config, clock } = this.options
    return moduleNames
      .filter(module => !here.has(module))
      .flatMap(module =>
        hearsOf[module].map(hears =>
          remoteConsumer(hears, this.client(serviceFor(config, module, 'events')), clock),
        ),
      )
  }

  /** What the clients count, by service. */
  status() {
    return [...this.clients].map(([name, client]) => ({ name, ...client.status }))
  }

  close(): void {
    for (const client of this.clients.values()) client.close()
  }

  private clientOf(name: ServiceName, urls: readonly string[]): ServiceClient {
    const { config, clock, log } = this.options
    const routeKey = routeKeys[name]
    return new ServiceClient({
      ...{ name, urls, clock, log, signer: this.signer },
      routing: name === 'order' ? config['services.orderRouting'] : 'key',
      ...(routeKey === undefined ? {} : { routeKey }),
    })
  }
}
