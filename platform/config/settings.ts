// Every setting of Levee, in one table. A new setting is one row here; then `npm run docs`.
// From the rows come the type of the configuration, its checks and `docs/configuration.md`.

import { redisSettings } from './redis-settings.ts'
import { serviceSettings } from './service-settings.ts'
import { int, list, oneOf, type SettingType, string, timeZone, url } from './setting-types.ts'

export interface Setting<T> {
  readonly env: `LEVEE_${string}`
  readonly type: SettingType<T>
  readonly default: T
  /** What the value counts or names; empty where the type says it all. */
  readonly unit: string
  /** What it does, and why this default. */
  readonly description: string
  /** True where the value holds a password: no message ever repeats it. */
  readonly secret?: boolean
}

const row = <T>(setting: Setting<T> & { default: NoInfer<T> }): Setting<T> => setting

const MINUTE_MS = 60_000
const DAY_S = 86_400
/** An IP address or a network in CIDR notation, roughly: who uses it parses it. */
const NETWORK = /^[0-9a-fA-F.:]+(\/\d{1,3})?$/

export const settings = {
  'http.host': row({
    env: 'LEVEE_HTTP_HOST',
    type: string(/^[A-Za-z0-9.:_-]+$/, 'a host name or address'),
    default: '127.0.0.1',
    unit: '',
    description:
      'Address the shop listens on. The default is reachable from this machine only: opening it is a decision.',
  }),
  'http.port': row({
    env: 'LEVEE_HTTP_PORT',
    type: int(0, 65_535),
    default: 8080,
    unit: 'TCP port',
    description: 'Port the shop listens on; 0 takes any free one.',
  }),
  'http.bodyLimit': row({
    env: 'LEVEE_HTTP_BODY_LIMIT',
    type: int(1_024, 16 * 1024 * 1024),
    default: 256 * 1024,
    unit: 'bytes',
    description: 'Longest request body. An order of 500 lines is about 60 KiB; four times that leaves room.',
  }),
  'http.trustedProxies': row({
    env: 'LEVEE_HTTP_TRUSTED_PROXIES',
    type: list(NETWORK, 'list of addresses or networks (CIDR)'),
    default: [],
    unit: '',
    description:
      'Proxies whose X-Forwarded-For is believed. Empty: nobody, or any client could choose the address it is limited by.',
  }),
  'http.requestTimeout': row({
    env: 'LEVEE_HTTP_REQUEST_TIMEOUT',
    type: int(100, 5 * MINUTE_MS),
    default: 10_000,
    unit: 'ms',
    description:
      'Deadline of a request; it travels with the request to everything done for it. Longer than two lock waits, shorter than most clients are patient.',
  }),
  'http.inFlightMost': row({
    env: 'LEVEE_HTTP_IN_FLIGHT_MOST',
    type: int(1, 100_000),
    default: 4_096,
    unit: 'requests',
    description:
      'Requests worked on at once; more are refused as overloaded. At full speed this many are answered in a fifth of a second: who waited behind more would wait for nothing.',
  }),
  'metrics.token': row({
    env: 'LEVEE_METRICS_TOKEN',
    type: string(/^[\x21-\x7e]*$/, 'printable characters without spaces'),
    default: '',
    unit: '',
    secret: true,
    description:
      'What `/metrics` wants as `Authorization: Bearer`. Empty: nothing, which is right only while http.host is reachable from this machine alone.',
  }),
  'data.folder': row({
    env: 'LEVEE_DATA_FOLDER',
    type: string(/^[^\r\n]+$/, 'a folder'),
    default: '.levee/data',
    unit: '',
    description: 'Folder of the SQLite ledger and the mails, relative to where the shop is started.',
  }),
  'ledger.url': row({
    env: 'LEVEE_MYSQL_URL',
    type: url('mysql'),
    default: '',
    unit: '',
    secret: true,
    description:
      '`mysql://user:password@host:port/database` of a MariaDB 10.6+ or MySQL 8.4+. Empty: SQLite in the data folder, which needs nothing else.',
  }),
  'ledger.replicaUrl': row({
    env: 'LEVEE_LEDGER_REPLICA_URL',
    type: url('mysql'),
    default: '',
    unit: '',
    secret: true,
    description:
      '`mysql://host:port` of a replica of `ledger.url`, with its user and password unless others are named. While the primary is away the shop is read-only and reads there. Empty: from caches only.',
  }),
  'ledger.poolSize': row({
    env: 'LEVEE_LEDGER_POOL_SIZE',
    type: int(1, 500),
    default: 16,
    unit: 'connections',
    description:
      'Most connections to MariaDB or MySQL besides those for batches. Batches carry the load, so few are needed; the server keeps room for other processes.',
  }),
  'ledger.lockWait': row({
    env: 'LEVEE_LEDGER_LOCK_WAIT',
    type: int(10, MINUTE_MS),
    default: 2_000,
    unit: 'ms',
    description:
      "Longest wait for a row lock. Several times the longest batch; MariaDB's own 50 s would outlive every client.",
  }),
  ...redisSettings,
  'kafka.brokers': row({
    env: 'LEVEE_KAFKA_BROKERS',
    type: list(/^[A-Za-z0-9._-]+:\d{1,5}$/, 'list of host:port'),
    default: [],
    unit: '',
    description: 'Brokers to begin with, `host:port` each. Empty: no rung that needs Kafka.',
  }),
  'kafka.prefix': row({
    env: 'LEVEE_KAFKA_PREFIX',
    type: string(/^[a-z0-9-]{0,40}$/, 'up to 40 small letters, digits and hyphens'),
    default: '',
    unit: '',
    description:
      'Begins every topic and group, with a dot, so that several shops may share one Kafka. Empty: `coupon-issue` and `coupon-group` as they stand.',
  }),
  'kafka.publishTimeout': row({
    env: 'LEVEE_KAFKA_PUBLISH_TIMEOUT',
    type: int(50, MINUTE_MS),
    default: 1_000,
    unit: 'ms',
    description:
      'Longest wait until all in-sync replicas have a record; then its outcome is unknown. A healthy broker takes some 5 ms.',
  }),
  'rung.couponClaim': row({
    env: 'LEVEE_RUNG_COUPON_CLAIM',
    type: oneOf('best', 'kafka', 'redis', 'sql'),
    default: 'best',
    unit: '',
    description:
      'How a claim reaches the ledger: queued in order of arrival, through a permit, or straight. The best rung that this process may stand on: it moves down and up by itself. `best`: the first whose engine is configured.',
  }),
  'rung.eventPublish': row({
    env: 'LEVEE_RUNG_EVENT_PUBLISH',
    type: oneOf('best', 'kafka', 'direct'),
    default: 'best',
    unit: '',
    description: 'How events leave the outbox: through Kafka, or straight to who wants them.',
  }),
  'rung.bestsellerRead': row({
    env: 'LEVEE_RUNG_BESTSELLER_READ',
    type: oneOf('best', 'redis', 'sql'),
    default: 'best',
    unit: '',
    description: 'What answers for the ranking: sorted sets, or the projection in the ledger.',
  }),
  'rung.paymentLock': row({
    env: 'LEVEE_RUNG_PAYMENT_LOCK',
    type: oneOf('best', 'redis', 'sql'),
    default: 'best',
    unit: '',
    description: 'What keeps two processes from talking to the provider about one order at the same time.',
  }),
  'rung.sessionRead': row({
    env: 'LEVEE_RUNG_SESSION_READ',
    type: oneOf('best', 'redis', 'sql'),
    default: 'best',
    unit: '',
    description: 'What stands between memory and the session table.',
  }),
  'rung.productCache': row({
    env: 'LEVEE_RUNG_PRODUCT_CACHE',
    type: oneOf('best', 'redis', 'local'),
    default: 'best',
    unit: '',
    description:
      'What stands between memory and the product tables: Redis, shared by all processes, or nothing.',
  }),
  'shop.currency': row({
    env: 'LEVEE_SHOP_CURRENCY',
    type: string(/^[A-Z]{3}$/, 'an ISO 4217 code'),
    default: 'GBP',
    unit: '',
    description: 'The one currency of all prices. The packaged catalogue is in pounds.',
  }),
  'shop.timeZone': row({
    env: 'LEVEE_SHOP_TIME_ZONE',
    type: timeZone,
    default: 'Europe/London',
    unit: '',
    description:
      'Time zone in which a trading day begins and ends. The packaged orders were placed in London.',
  }),
  'shop.baseUrl': row({
    env: 'LEVEE_SHOP_BASE_URL',
    type: url('http', 'https'),
    default: '',
    unit: '',
    description:
      'Where customers reach the shop, for links in mails. Empty: `http://` with http.host and http.port.',
  }),
  'order.paymentWindow': row({
    env: 'LEVEE_ORDER_PAYMENT_WINDOW',
    type: int(1, 30 * DAY_S),
    default: 1_800,
    unit: 's',
    description:
      'An order not paid after this long expires and gives everything back. Half an hour: time to find a card, too short to hoard stock.',
  }),
  'payment.providerUrl': row({
    env: 'LEVEE_PAYMENT_PROVIDER_URL',
    type: url('http', 'https'),
    default: '',
    unit: '',
    description:
      'Where the payment provider answers, as `levee sandbox-provider` does. Empty: a sandbox in the process, which settles at once.',
  }),
  'payment.providerTimeout': row({
    env: 'LEVEE_PAYMENT_PROVIDER_TIMEOUT',
    type: int(10, MINUTE_MS),
    default: 3_000,
    unit: 'ms',
    description:
      'Longest wait for one answer of the provider; then the outcome is unknown and asked for. Two of them fit into http.requestTimeout.',
  }),
  'payment.webhookKey': row({
    env: 'LEVEE_PAYMENT_WEBHOOK_KEY',
    type: string(/^([\x21-\x7e]{16,256})?$/, '16 to 256 printable characters without spaces'),
    default: '',
    unit: '',
    secret: true,
    description:
      'Shared with the payment provider, which signs its webhooks with it. Empty: one generated at the first start, in data.folder.',
  }),
  'log.level': row({
    env: 'LEVEE_LOG_LEVEL',
    type: oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    default: 'info',
    unit: '',
    description: 'Least level that is logged.',
  }),
  'mail.transport': row({
    env: 'LEVEE_MAIL_TRANSPORT',
    type: oneOf('folder', 'smtp', 'none'),
    default: 'folder',
    unit: '',
    description:
      '`folder` writes each mail as a file below data.folder, so that a trial needs no mail server.',
  }),
  'mail.smtpUrl': row({
    env: 'LEVEE_MAIL_SMTP_URL',
    type: url('smtp', 'smtps'),
    default: '',
    unit: '',
    secret: true,
    description: '`smtp://user:password@host:port` for mail.transport `smtp`.',
  }),
  'mail.from': row({
    env: 'LEVEE_MAIL_FROM',
    type: string(/^[^\r\n]*@[^\r\n]+$/, 'a mail address'),
    default: 'Levee <shop@localhost>',
    unit: '',
    description: 'Sender of every mail.',
  }),
  'product.staleness': row({
    env: 'LEVEE_PRODUCT_STALENESS',
    type: int(50, MINUTE_MS),
    default: 2_000,
    unit: 'ms',
    description:
      'The oldest that a product, its price or its stock is ever shown. What counts is judged when an order is placed, so two seconds only save reads.',
  }),
  'bestseller.staleness': row({
    env: 'LEVEE_BESTSELLER_STALENESS',
    type: int(50, MINUTE_MS),
    // Through Kafka events need up to a second where the machine is full, and a tenth of that where it is not.
    default: 2_000,
    unit: 'ms',
    description:
      'The oldest that a ranking is shown, counted from the sale: what events need to arrive is part of it. Older only while they wait for longer than this, and then it says so.',
  }),
  'mail.ratePerSecond': row({
    env: 'LEVEE_MAIL_RATE_PER_SECOND',
    type: int(1, 1_000),
    default: 20,
    unit: 'mails/s',
    description:
      'Most mails that one process sends in a second; the rest waits in the ledger. Mail providers begin to refuse at some tens a second.',
  }),
  'account.lettersPerHour': row({
    env: 'LEVEE_ACCOUNT_LETTERS_PER_HOUR',
    type: int(1, 1_000_000),
    default: 100,
    unit: 'mails/h',
    description:
      'Confirmation and reset mails that one network address may cause in an hour, to whomever: an office signing up on one day, no mail bomb.',
  }),
  'rateLimit.identityPerSecond': row({
    env: 'LEVEE_RATE_LIMIT_IDENTITY_PER_SECOND',
    type: int(1, 1_000_000),
    default: 20,
    unit: 'requests/s',
    description:
      'Lasting rate of one identity. A person clicking fast makes 2 to 5 a second; a page loads several at once.',
  }),
  'rateLimit.identityBurst': row({
    env: 'LEVEE_RATE_LIMIT_IDENTITY_BURST',
    type: int(1, 1_000_000),
    default: 60,
    unit: 'requests',
    description: 'Requests one identity may make at once after a pause: three seconds of its rate.',
  }),
  'rateLimit.addressPerSecond': row({
    env: 'LEVEE_RATE_LIMIT_ADDRESS_PER_SECOND',
    type: int(1, 1_000_000),
    default: 10,
    unit: 'requests/s',
    description:
      'Lasting rate of one network address before sign-in; many people may share one address, so it is not tiny.',
  }),
  'rateLimit.addressBurst': row({
    env: 'LEVEE_RATE_LIMIT_ADDRESS_BURST',
    type: int(1, 1_000_000),
    default: 50,
    unit: 'requests',
    description:
      'Requests one address may make at once before sign-in: an office opening the shop at the same minute.',
  }),
  'idempotency.retention': row({
    env: 'LEVEE_IDEMPOTENCY_RETENTION',
    type: int(60, 30 * DAY_S),
    default: DAY_S,
    unit: 's',
    description:
      'How long the first answer to an idempotency key is kept and repeated: a day, as payment APIs do.',
  }),
  'shutdown.drainTimeout': row({
    env: 'LEVEE_SHUTDOWN_DRAIN_TIMEOUT',
    type: int(0, 10 * MINUTE_MS),
    default: 15_000,
    unit: 'ms',
    description:
      'Longest time after SIGTERM until accepted work is answered; then the process goes. Above http.requestTimeout, below the 30 s after which container platforms kill.',
  }),
  ...serviceSettings,
} as const

export type SettingKey = keyof typeof settings

/** All settings by their keys, checked and complete: `config['http.port']` is a number. */
export type Config = {
  readonly [K in SettingKey]: (typeof settings)[K] extends Setting<infer T> ? T : never
}
