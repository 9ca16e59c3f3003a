// Where each service is, when every part of the shop is a process of its own. Read into the table of settings.ts.

import { int, list, oneOf, string } from './setting-types.ts'

/** Places of instances: an origin each, without a path. */
const ORIGINS = list(
  /^http:\/\/[A-Za-z0-9._[\]:-]+$/,
  'list of http://host:port, one for each instance, separated by commas',
)

const service = <E extends `LEVEE_SERVICES_${string}`>(env: E, what: string) => ({
  env,
  type: ORIGINS,
  default: [] as readonly string[],
  unit: '',
  description: `Where ${what}: the internal door of each instance. \`levee start --split\` fills it in.`,
})

export const serviceSettings = {
  'services.gateway': service('LEVEE_SERVICES_GATEWAY', 'gateways are told of ended sessions'),
  'services.account': service('LEVEE_SERVICES_ACCOUNT', 'the account module answers'),
  'services.product': service('LEVEE_SERVICES_PRODUCT', 'the product module answers'),
  'services.order': service('LEVEE_SERVICES_ORDER', 'the order module answers'),
  'services.payment': service('LEVEE_SERVICES_PAYMENT', 'the payment module answers'),
  'services.point': service('LEVEE_SERVICES_POINT', 'the point module answers'),
  'services.coupon': service('LEVEE_SERVICES_COUPON', 'the coupon module answers'),
  'services.bestseller': service('LEVEE_SERVICES_BESTSELLER', 'the ranking answers'),
  'services.notification': service('LEVEE_SERVICES_NOTIFICATION', 'mails are asked for'),
  'services.relay': service('LEVEE_SERVICES_RELAY', 'the relay and the dead letters are'),
  'services.order-consumer': service(
    'LEVEE_SERVICES_ORDER_CONSUMER',
    'the order module hears of events; empty: in its own service',
  ),
  'services.coupon-consumer': service(
    'LEVEE_SERVICES_COUPON_CONSUMER',
    'queued coupon claims are decided; empty: in the coupon service',
  ),
  'services.orderRouting': {
    env: 'LEVEE_SERVICES_ORDER_ROUTING',
    type: oneOf('first', 'key', 'turns'),
    default: 'first',
    unit: '',
    description:
      'Which of several order processes is asked: the first that is there, one by product and order, or each in turn. Decision 017.',
  },
  'internal.host': {
    env: 'LEVEE_INTERNAL_HOST',
    type: string(/^[A-Za-z0-9.:_-]+$/, 'a host name or address'),
    default: '127.0.0.1',
    unit: '',
    description:
      'Address of the internal door of a service. The default is reachable from this machine only.',
  },
  'internal.port': {
    env: 'LEVEE_INTERNAL_PORT',
    type: int(0, 65_535),
    default: 0,
    unit: 'TCP port',
    description: 'Port of the internal door of a service; 0 takes any free one.',
  },
  'internal.keys': {
    env: 'LEVEE_INTERNAL_KEYS',
    type: list(
      /^[a-z0-9-]{1,40}:[A-Za-z0-9_-]{43,200}$/,
      'list of name:key, keys in base64url of 32 bytes or more',
    ),
    default: [] as readonly string[],
    unit: '',
    secret: true,
    description:
      'Keys by which services know each other, `name:key`. The first signs, all are accepted: put a new one last everywhere, then first, then drop the old one. Empty: internal-keys.json in data.folder, changed by `levee keys rotate`.',
  },
} as const
