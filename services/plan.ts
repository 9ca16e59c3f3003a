// Which services there are, and what each does. Any number of each may run, but for payment with the built-in sandbox.

import type { Config, SettingKey } from '../platform/config/settings.ts'
import type { ModuleName } from './contracts.ts'

/**
 * - `calls`: answers siblings and the gateway
 * - `sweeps`: what comes round
 * - `events`: hears of events, from the relay or from Kafka
 * - `groups`: takes records of the module's own topics
 */
export type Duty = 'calls' | 'sweeps' | 'events' | 'groups'

export interface Service {
  /** Its module; null: none, the front door. */
  readonly module: ModuleName | null
  /** Modules that are in the same process beside it. */
  readonly beside?: readonly ModuleName[]
  readonly duties: readonly Duty[]
  /** Engines that it asks, where they are configured. `events`: only to hear of events. */
  readonly redis: boolean
  readonly kafka: boolean | 'events'
}

const ALL: readonly Duty[] = ['calls', 'sweeps', 'events', 'groups']

export const services = {
  gateway: { module: null, duties: [], redis: false, kafka: false },
  account: { module: 'account', duties: ALL, redis: true, kafka: false },
  product: { module: 'product', duties: ALL, redis: true, kafka: 'events' },
  order: { module: 'order', duties: ALL, redis: false, kafka: 'events' },
  payment: { module: 'payment', duties: ALL, redis: true, kafka: false },
  point: { module: 'point', duties: ALL, redis: false, kafka: 'events' },
  coupon: { module: 'coupon', duties: ALL, redis: true, kafka: true },
  bestseller: { module: 'bestseller', duties: ALL, redis: true, kafka: 'events' },
  notification: { module: 'notification', duties: ALL, redis: false, kafka: 'events' },
  /** Delivers events, keeps the dead letters and the levers of ladders, and sweeps the platform's own tables. */
  relay: { module: 'event', beside: ['ladder'], duties: ALL, redis: false, kafka: true },
  'order-consumer': { module: 'order', duties: ['events'], redis: false, kafka: 'events' },
  'coupon-consumer': { module: 'coupon', duties: ['groups'], redis: true, kafka: true },
} as const satisfies Record<string, Service>

export type ServiceName = keyof typeof services
export const serviceNames = Object.keys(services) as readonly ServiceName[]

export const isService = (name: string): name is ServiceName => Object.hasOwn(services, name)

/** Where the instances of a service are. */
export const placesOf = (config: Config, name: ServiceName): readonly string[] =>
  config[`services.${name}` satisfies SettingKey]

/** The service that has this duty for a module: a consumer of its own where there is one, else the module's. */
export function serviceFor(config: Config, module: ModuleName, duty: Duty): ServiceName {
  const consumer = serviceNames.find(name => isConsumerOf(name, module, duty))
  if (consumer !== undefined && placesOf(config, consumer).length > 0) return consumer
  return module === 'event' || module === 'ladder' ? 'relay' : module
}

const isConsumerOf = (name: ServiceName, module: ModuleName, duty: Duty): boolean => {
  const service: Service = services[name]
  return service.module === module && !service.duties.includes('calls') && service.duties.includes(duty)
}

/** What a service does in this shop: a duty that a consumer of its own has, its module's service has not. */
export function dutiesOf(config: Config, name: ServiceName): ReadonlySet<Duty> {
  const { module, duties }: Service = services[name]
  if (module === null) return new Set()
  return new Set(duties.filter(duty => serviceFor(config, module, duty) === name))
}

/** The modules in its process. */
export function modulesOf(name: Exclude<ServiceName, 'gateway'>): readonly ModuleName[] {
  const { module, beside = [] }: Service = services[name]
  return module === null ? beside : [module, ...beside]
}

/** The engines that a service needs in this shop. */
export function enginesOf(config: Config, name: ServiceName): { redis: boolean; kafka: boolean } {
  const { redis, kafka }: Service = services[name]
  return { redis, kafka: kafka === 'events' ? dutiesOf(config, name).has('events') : kafka }
}
