// The only place where things are wired: which module is given what, and who reaches whom. A module that is not in
// this process is reached by the same door, over HTTP.

import { accountSchema, createAccount } from '../modules/account/index.ts'
import { bestsellerSchema, createBestseller } from '../modules/bestseller/index.ts'
import { couponSchema, createCouponModule } from '../modules/coupon/index.ts'
import { createEvent } from '../modules/event/index.ts'
import { createLadder } from '../modules/ladder/index.ts'
import { createNotification, notificationSchema } from '../modules/notification/index.ts'
import { createOrder, linkSecret, orderSchema } from '../modules/order/index.ts'
import {
  createPayment,
  type PaymentProvider,
  paymentSchema,
  sandboxHttp,
  sandboxInProcess,
} from '../modules/payment/index.ts'
import { createPoint, pointSchema } from '../modules/point/index.ts'
import { createProductModule, productSchema } from '../modules/product/index.ts'
import type { Config } from '../platform/config/settings.ts'
import type { Principal } from '../platform/contract/call.ts'
import type { Contract } from '../platform/contract/operation.ts'
import type { Consumer } from '../platform/events/consumer.ts'
import { createDeadLetters } from '../platform/events/dead-letters.ts'
import type { EngineHealth } from '../platform/health/engine-health.ts'
import type { Kafka } from '../platform/kafka/kafka.ts'
import { guardDoor, readElsewhere } from '../platform/ladders/guard-door.ts'
import { createLadders, type Ladders } from '../platform/ladders/ladders.ts'
import type { Log } from '../platform/log/log.ts'
import { openMail } from '../platform/mail/open-mail.ts'
import type { Clock, Module } from '../platform/module.ts'
import { createPasswords } from '../platform/passwords/passwords.ts'
import type { Redis } from '../platform/redis/redis.ts'
import type { BatchObserver } from '../platform/sql/combiner.ts'
import type { Ledger } from '../platform/sql/ledger.ts'
import { platformSchema } from '../platform/sql/platform-tables.ts'
import type { Schema } from '../platform/sql/schema.ts'
import type { Engine } from '../resilience/ladders.ts'
import { contracts, type Doors, type ModuleName, moduleNames } from './contracts.ts'
import { checkHears } from './hears-of.ts'
import { chooseRungs } from './rungs.ts'
import type { Secrets } from './secrets.ts'

export type { Doors } from './contracts.ts'

/** Every table there is, by its owner. The event module has none of its own. */
export const schemaOf = {
  platform: platformSchema,
  account: accountSchema,
  product: productSchema,
  order: orderSchema,
  payment: paymentSchema,
  point: pointSchema,
  coupon: couponSchema,
  bestseller: bestsellerSchema,
  notification: notificationSchema,
} as const satisfies Partial<Record<ModuleName | 'platform', Schema>>

export const schemas: readonly Schema[] = Object.values(schemaOf)

export interface Environment {
  readonly config: Config
  readonly ledger: Ledger
  /** Null: not configured. */
  readonly redis: Redis | null
  readonly kafka: Kafka | null
  /** Of the engines that are there. */
  readonly health: ReadonlyMap<Engine, EngineHealth>
  /** This process, as others see it. */
  readonly self: { readonly process: string; readonly service: string }
  readonly log: Log
  readonly clock: Clock
  readonly secrets: Secrets
  readonly observe: BatchObserver
  /** Where customers reach the shop: `https://shop.example.org`. */
  readonly baseUrl: string
  /** Absent: the one that is configured. */
  readonly provider?: PaymentProvider
  /** Absent: ones that move by themselves, by the health of the engines. */
  readonly ladders?: Ladders
  /** Told when sessions or rights of a principal end. */
  forget(principalId: string): void
}

/** What is in this process, and the way to all that is not. */
export interface Place {
  readonly hosts: ReadonlySet<ModuleName>
  readonly doors: Doors
  /** Consumers of modules that are elsewhere, for whoever delivers events from here. */
  readonly consumers: readonly Consumer[]
}

/** The whole shop: nothing is elsewhere. */
export const here: Place = { hosts: new Set(moduleNames), doors: {} as Doors, consumers: [] }

/** Whoever knows the holders of sessions and channel keys; null: nobody holds it any more. */
export interface Identifying {
  identify(token: string): Promise<Principal | null>
  identifyChannel(key: string): Promise<Principal | null>
}

export interface Hosted {
  readonly name: ModuleName
  readonly contract: Contract
  readonly module: Module<Contract>
}

export interface Composed {
  readonly doors: Doors
  /** Those in this process. */
  readonly modules: readonly Hosted[]
  /** Of the modules in this process, and those of the others that the place knows. */
  readonly consumers: readonly Consumer[]
  readonly ladders: Ladders
  /** Null: the account module is elsewhere. */
  readonly account: Identifying | null
  close(): Promise<void>
}

/** Points earned of the money paid, percent. A point is worth one minor unit. */
export const EARN_PERCENT = 1

export async function compose(environment: Environment, place: Place = here): Promise<Composed> {
  const { config, ledger, redis, kafka, health, self, log, clock, secrets, observe, baseUrl, forget } =
    environment
  const ladders =
    environment.ladders ??
    createLadders({ rungs: chooseRungs(config, new Set(health.keys())), health, clock, log })
  const database = ladders.of('database')
  database.onMove(() => ledger.readFrom(database.standing === 'primary' ? 'primary' : 'replica'))
  database.whenBack('primary', async () => {
    // It is the primary, and takes a write.
    await ledger.probe()
    return true
  })
  const prefixes = { redisPrefix: config['redis.prefix'], kafkaPrefix: config['kafka.prefix'] }
  const shared = { ledger, redis, kafka, prefixes, ladders, clock, log, observe }
  const lockWait = config['ledger.lockWait']
  const currency = config['shop.currency']
  const closing: Array<() => Promise<void> | void> = []
  const modules: Hosted[] = []
  // Order, payment, points and coupons call each other; each finds the others here when it calls.
  const doors = { ...place.doors } as { -readonly [N in ModuleName]: Doors[N] }
  function host<N extends ModuleName>(
    name: N,
    module: Omit<Module<Contract>, 'door'> & { readonly door: Doors[N] },
  ): void {
    checkHears(name, module.consumers)
    const door = guardDoor<Doors[N]>(contracts[name], module.door, database, clock)
    doors[name] = door
    modules.push({
      name,
      contract: contracts[name],
      module: { ...module, door } as unknown as Module<Contract>,
    })
  }
  const has = (name: ModuleName): boolean => place.hosts.has(name)

  if (has('notification')) {
    const mail = await openMail({
      transport: config['mail.transport'],
      dataFolder: config['data.folder'],
      smtpUrl: config['mail.smtpUrl'],
      from: config['mail.from'],
    })
    closing.push(() => mail.close())
    const notification = createNotification({
      ...shared,
      mail,
      settings: { ratePerSecond: config['mail.ratePerSecond'] },
      orderLink: orderId => `${baseUrl}/v1/orders/${orderId}?secret=${linkSecret(secrets.linkKey, orderId)}`,
    })
    host('notification', notification)
  }
  let account: Identifying | null = null
  if (has('account')) {
    const made = createAccount({
      ...shared,
      settings: { lettersPerHour: config['account.lettersPerHour'] },
      passwords: createPasswords(clock),
      notification: doors.notification,
      link: (purpose, token) => `${baseUrl}/${purpose}?token=${token}`,
      forget,
    })
    const ask = <T>(read: () => Promise<T>): Promise<T> =>
      readElsewhere(database, clock, Number.POSITIVE_INFINITY, read)
    account = {
      identify: token => ask(() => made.identify(token)),
      identifyChannel: key => ask(() => made.identifyChannel(key)),
    }
    host('account', made.module)
  }
  if (has('order')) {
    const order = createOrder({
      ...shared,
      siblings: doors,
      settings: {
        currency,
        paymentWindow: config['order.paymentWindow'] * 1000,
        lockWait,
        earnPercent: EARN_PERCENT,
        linkKey: secrets.linkKey,
      },
    })
    host('order', order)
  }
  if (has('product')) {
    const product = createProductModule({
      ...shared,
      order: doors.order,
      settings: { currency, staleness: config['product.staleness'] },
    })
    host('product', product)
  }
  if (has('payment')) {
    const provider = environment.provider ?? paymentProvider(config)
    closing.push(() => provider.close?.())
    const payment = createPayment({
      ...shared,
      order: doors.order,
      provider,
      settings: { lockWait, webhookKey: config['payment.webhookKey'] || secrets.webhookKey },
    })
    host('payment', payment)
  }
  if (has('point'))
    host('point', createPoint({ ...shared, settings: { earnPercent: EARN_PERCENT, lockWait } }))
  if (has('coupon')) host('coupon', createCouponModule({ ...shared, settings: { lockWait } }))
  if (has('bestseller')) {
    const bestseller = createBestseller({
      ...shared,
      order: doors.order,
      product: doors.product,
      settings: { timeZone: config['shop.timeZone'], staleness: config['bestseller.staleness'] },
    })
    host('bestseller', bestseller)
  }
  const consumers = [...modules.flatMap(({ module }) => module.consumers), ...place.consumers]
  if (has('event'))
    host('event', createEvent({ ...shared, deadLetters: createDeadLetters({ ...shared, consumers }) }))

  if (has('ladder')) host('ladder', createLadder({ ledger, ladders, clock, self }))
  return {
    doors,
    consumers,
    ladders,
    // As the API lists them.
    modules: moduleNames.flatMap(name => modules.filter(hosted => hosted.name === name)),
    account,
    async close() {
      ladders.close()
      for (const close of closing.reverse()) await close()
    },
  }
}

function paymentProvider(config: Config): PaymentProvider {
  const url = config['payment.providerUrl']
  return url === '' ? sandboxInProcess() : sandboxHttp({ url, timeout: config['payment.providerTimeout'] })
}
