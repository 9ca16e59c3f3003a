// All services of a shop as children of this process: which, how many, where, and in which order they start and stop.

import { type Config, type Setting, type SettingKey, settings } from '../../platform/config/settings.ts'
import type { ModuleName } from '../contracts.ts'
import { type ServiceName, serviceNames, services } from '../plan.ts'
import { Child, type ChildReady } from './child.ts'
import { freePorts } from './ports.ts'

/** Instances by service. 0: none. */
export type Instances = Readonly<Record<ServiceName, number>>

/** What a shop on one machine is made of. The consumers' own processes are for those who want them. */
export const ONE_EACH: Instances = {
  ...(Object.fromEntries(serviceNames.map(name => [name, 1])) as Record<ServiceName, number>),
  'order-consumer': 0,
  'coupon-consumer': 0,
}

/** Beyond `shutdown.drainTimeout`, ms, until a child that does not end is killed. */
const STOP_GRACE_MS = 5_000

export interface FleetOptions {
  readonly config: Config
  readonly instances: Instances
  /** Where the front door listens. */
  readonly httpPort: number
  /** The ledger as each module's user. */
  readonly ledgerUrls: ReadonlyMap<ModuleName, string>
  changed(child: Child): void
}

export class Fleet {
  readonly children: readonly Child[]
  /** The configuration of all of them: with every service's places. */
  readonly config: Config
  private readonly grace: number

  private constructor(children: readonly Child[], config: Config) {
    this.children = children
    this.config = config
    this.grace = config['shutdown.drainTimeout'] + STOP_GRACE_MS
  }

  static async plan({ config, instances, httpPort, ledgerUrls, changed }: FleetOptions): Promise<Fleet> {
    const host = config['internal.host']
    const wanted = serviceNames.flatMap(service =>
      Array.from({ length: instances[service] }, (_, i) => ({ service, number: i + 1 })),
    )
    const ports = await freePorts(host, wanted.length, [httpPort])
    const places = wanted.map((each, i) => ({ ...each, port: ports[i]! }))
    const urlsOf = (name: ServiceName) =>
      places.filter(place => place.service === name).map(({ port }) => `http://${host}:${port}`)
    const shared: Config = {
      ...config,
      ...Object.fromEntries(serviceNames.map(name => [`services.${name}`, urlsOf(name)])),
      'http.port': httpPort,
      'shop.baseUrl': config['shop.baseUrl'] || `http://${config['http.host']}:${httpPort}`,
    }
    const children = places.map(({ service, number, port }) => {
      const { module } = services[service]
      const own: Config = {
        ...shared,
        'internal.port': port,
        // The gateway has no business with the ledger.
        'ledger.url': module === null ? '' : ledgerUrls.get(module)!,
      }
      return new Child({ service, number, port, host, env: environmentOf(own), changed })
    })
    return new Fleet(children, shared)
  }

  /** All of these at once. @throws Error naming the first that did not start */
  async start(which: (service: ServiceName) => boolean): Promise<readonly ChildReady[]> {
    return Promise.all(
      this.children
        .filter(child => which(child.service))
        .map(child =>
          child.start().catch(error => {
            throw new Error(`${child.name}: ${(error as Error).message}`, { cause: error })
          }),
        ),
    )
  }

  /** The front door first, then whoever it asked, the relay last. True: all ended in order and in time. */
  async stop(): Promise<boolean> {
    const first = await this.end(service => service === 'gateway')
    const then = await this.end(service => service !== 'gateway' && service !== 'relay')
    const last = await this.end(service => service === 'relay')
    return first && then && last
  }

  private async end(which: (service: ServiceName) => boolean): Promise<boolean> {
    const ending = this.children.filter(child => which(child.service))
    const codes = await Promise.all(ending.map(child => child.stop(this.grace)))
    return codes.every(code => code === 0)
  }
}

/** The environment of a child: its whole configuration, whatever this process got it from. */
function environmentOf(config: Config): NodeJS.ProcessEnv {
  const table: Readonly<Record<string, Setting<unknown>>> = settings
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith('LEVEE_'))
  const own = (Object.keys(table) as SettingKey[]).map(key => {
    const value = config[key]
    return [table[key]!.env, Array.isArray(value) ? value.join(',') : String(value)]
  })
  // npm is this process's parent, not the child's.
  return { ...Object.fromEntries([...others, ...own]), npm_lifecycle_event: undefined }
}
