// The only place where things are wired: which module is given what, and who reaches whom.

import { accountContract } from '../modules/account/contract.ts'
import { accountSchema, createAccount } from '../modules/account/index.ts'
import { bestsellerContract } from '../modules/bestseller/contract.ts'
import { bestsellerSchema, createBestseller } from '../modules/bestseller/index.ts'
import { couponContract } from '../modules/coupon/contract.ts'
import { couponSchema, createCouponModule } from '../modules/coupon/index.ts'
import { eventContract } from '../modules/event/contract.ts'
import { createEvent } from '../modules/event/index.ts'
import { notificationContract } from '../modules/notification/contract.ts'
import { createNotification, notificationSchema } from '../modules/notification/index.ts'
import { orderContract } from '../modules/order/contract.ts'
import { createOrder, linkSecret, orderSchema } from '../modules/order/index.ts'
import { paymentContract } from '../modules/payment/contract.ts'
import {
  createPayment,
  type PaymentProvider,
  paymentSchema,
  sandboxHttp,
  sandboxInProcess,
} from '../modules/payment/index.ts'
import { pointContract } from '../modules/point/contract.ts'
import { createPoint, pointSchema } from '../modules/point/index.ts'
import { productContract } from '../modules/product/contract.ts'
import { createProductModule, productSchema } from '../modules/product/index.ts'
import type { Config } from '../platform/config/settings.ts'
import type { Contract, Door } from '../platform/contract/operation.ts'
import type { Consumer } from '../platform/events/consumer.ts'
import { createDeadLetters } from '../platform/events/dead-letters.ts'
import type { Kafka } from '../platform/kafka/kafka.ts'
import type { Log } from '../platform/log/log.ts'
import { openMail } from '../platform/mail/open-mail.ts'
import type { Clock, Module } from '../platform/module.ts'
import { createPasswords } from '../platform/passwords/passwords.ts'
import type { Redis } from '../platform/redis/redis.ts'
import type { BatchObserver } from '../platform/sql/combiner.ts'
import type { Ledger } from '../platform/sql/ledger.ts'
import { platformSchema } from '../platform/sql/platform-tables.ts'
import type { Schema } from '../platform/sql/schema.ts'
import { type ChosenRungs, chooseRungs } from './rungs.ts'
import type { Secrets } from './secrets.ts'

/** Every table there is, owner by owner. */
export const schemas: readonly Schema[] = [
  platformSchema,
  accountSchema,
  productSchema,
  orderSchema,
  paymentSchema,
  pointSchema,
  couponSchema,
  bestsellerSchema,
  notificationSchema,
]

export interface Doors {
  readonly account: Door<typeof accountContract>
  readonly product: Door<typeof productContract>
  readonly order: Door<typeof orderContract>
  readonly payment: Door<typeof paymentContract>
  readonly point: Door<typeof pointContract>
  readonly coupon: Door<typeof couponContract>
  readonly bestseller: Door<typeof bestsellerContract>
  readonly notification: Door<typeof notificationContract>
  readonly event: Door<typeof eventContract>
}

export interface Environment {
  readonly config: Config
  readonly ledger: Ledger
  /** Null: not configured. */
  readonly redis: Redis | null
  readonly kafka: Kafka | null
  readonly log: Log
  readonly clock: Clock
  readonly secrets: Secrets
  readonly observe: BatchObserver
  /** Where customers reach the shop: `https://shop.example.org`. */
  readonly baseUrl: string
  /** Told when sessions or rights of a principal end. */
  forget(principalId: string): void
}

export interface Composed {
  readonly doors: Doors
  readonly modules: readonly {
    readonly name: keyof Doors
    readonly contract: Contract
    readonly module: Module<Contract>
  }[]
  readonly consumers: readonly Consumer[]
  readonly rungs: ChosenRungs
  readonly account: Pick<ReturnType<typeof createAccount>, 'identify' | 'identifyChannel'>
  close(): Promise<void>
}

/** Points earned of the money paid, percent. A point is worth one minor unit. */
export const EARN_PERCENT = 1

export async function compose(environment: Environment): Promise<Composed> {
  const { config, ledger, redis, kafka, log, clock, secrets, observe, baseUrl, forget } = environment
  const rungs = chooseRungs(config)
  const prefixes = { redisPrefix: config['redis.prefix'], kafkaPrefix: config['kafka.prefix'] }
  const shared = { ledger, redis, kafka, prefixes, rungs, clock, log, observe }
  const lockWait = config['ledger.lockWait']
  const currency = config['shop.currency']
  const mail = await openMail({
    transport: config['mail.transport'],
    dataFolder: config['data.folder'],
    smtpUrl: config['mail.smtpUrl'],
    from: config['mail.from'],
  })
  // Order, payment, points and coupons call each other; each finds the others here when it calls.
  const siblings = {} as { -readonly [K in keyof Doors]: Doors[K] }

  const notification = createNotification({
    ...shared,
    mail,
    settings: { ratePerSecond: config['mail.ratePerSecond'] },
    orderLink: orderId => `${baseUrl}/v1/orders/${orderId}?secret=${linkSecret(secrets.linkKey, orderId)}`,
  })
  siblings.notification = notification.door
  const account = createAccount({
    ...shared,
    settings: { lettersPerHour: config['account.lettersPerHour'] },
    passwords: createPasswords(clock),
    notification: notification.door,
    link: (purpose, token) => `${baseUrl}/${purpose}?token=${token}`,
    forget,
  })
  siblings.account = account.module.door
  const order = createOrder({
    ...shared,
    siblings,
    settings: {
      currency,
      paymentWindow: config['order.paymentWindow'] * 1000,
      lockWait,
      earnPercent: EARN_PERCENT,
      linkKey: secrets.linkKey,
    },
  })
  siblings.order = order.door
  const product = createProductModule({
    ...shared,
    order: order.door,
    settings: { currency, staleness: config['product.staleness'] },
  })
  siblings.product = product.door
  const provider = paymentProvider(config)
  const payment = createPayment({
    ...shared,
    order: order.door,
    provider,
    settings: { lockWait, webhookKey: config['payment.webhookKey'] || secrets.webhookKey },
  })
  siblings.payment = payment.door
  const point = createPoint({ ...shared, settings: { earnPercent: EARN_PERCENT, lockWait } })
  siblings.point = point.door
  const coupon = createCouponModule({ ...shared, settings: { lockWait } })
  siblings.coupon = coupon.door
  const bestseller = createBestseller({
    ...shared,
    order: order.door,
    product: product.door,
    settings: { timeZone: config['shop.timeZone'], staleness: config['bestseller.staleness'] },
  })
  siblings.bestseller = bestseller.door

  const consumers = [
    notification,
    account.module,
    order,
    product,
    payment,
    point,
    coupon,
    bestseller,
  ].flatMap(module => module.consumers)
  const event = createEvent({ ...shared, deadLetters: createDeadLetters({ ...shared, consumers }) })
  siblings.event = event.door

  return {
    doors: siblings,
    consumers,
    rungs,
    modules: [
      { name: 'account', contract: accountContract, module: account.module },
      { name: 'product', contract: productContract, module: product },
      { name: 'order', contract: orderContract, module: order },
      { name: 'payment', contract: paymentContract, module: payment },
      { name: 'point', contract: pointContract, module: point },
      { name: 'coupon', contract: couponContract, module: coupon },
      { name: 'bestseller', contract: bestsellerContract, module: bestseller },
      { name: 'notification', contract: notificationContract, module: notification },
      { name: 'event', contract: eventContract, module: event },
    ],
    account,
    async close() {
      provider.close?.()
      await mail.close()
    },
  }
}

function paymentProvider(config: Config): PaymentProvider {
  const url = config['payment.providerUrl']
  return url === '' ? sandboxInProcess() : sandboxHttp({ url, timeout: config['payment.providerTimeout'] })
}
