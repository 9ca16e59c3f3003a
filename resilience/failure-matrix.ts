// What works, what degrades and what is refused, for each combination of engines that serve and that do not. Worked out from
// the ladders, so that it cannot say something else than they do; `docs/failure-matrix.md` is made of it, and every cell is a test.

import { type Engine, engineOf, type Ladder, ladders, type Rung } from './ladders.ts'

export interface Capability {
  readonly name: string
  /** On which it rests. */
  readonly ladder: Ladder | null
  readonly changes: boolean
}

/** What a shopper, or the shop itself, can do. */
export const capabilities = {
  browse: { name: 'look at products and stock', ladder: 'product.cache', changes: false },
  ranking: { name: 'look at the best-sellers', ladder: 'bestseller.read', changes: false },
  session: { name: 'stay signed in', ladder: 'session.read', changes: false },
  ownOrder: { name: 'look at own orders', ladder: null, changes: false },
  signIn: { name: 'sign in', ladder: null, changes: true },
  order: { name: 'place an order', ladder: null, changes: true },
  pay: { name: 'pay', ladder: 'payment.lock', changes: true },
  claim: { name: 'claim a coupon', ladder: 'coupon.claim', changes: true },
  events: { name: 'what was paid counts (ranking, points, mails)', ladder: 'event.publish', changes: true },
} as const satisfies Record<string, Capability>

export type CapabilityName = keyof typeof capabilities
export const capabilityNames = Object.keys(capabilities) as readonly CapabilityName[]

/**
 * - `works`: as ever
 * - `degrades`: by a lower rung, or from the replica
 * - `refused`: at once, with a code; nothing is queued
 * - `waits`: kept in the ledger, done when it is back
 */
export interface Cell {
  readonly what: 'works' | 'degrades' | 'refused' | 'waits'
  /** The rung that does it, the code of the refusal, or where it comes from. */
  readonly by: string
}

/** What becomes of a capability while these do not serve. */
export function cellOf(name: CapabilityName, down: ReadonlySet<Engine>): Cell {
  const { ladder, changes }: Capability = capabilities[name]
  if (down.has('ledger')) {
    if (name === 'events') return { what: 'waits', by: 'the outbox' }
    return changes
      ? { what: 'refused', by: 'read_only' }
      : { what: 'degrades', by: 'caches, then the replica' }
  }
  if (ladder === null) return { what: 'works', by: 'the ledger' }
  const rungs: readonly Rung<Ladder>[] = ladders[ladder]
  const stands = rungs.find(rung => {
    const engine = engineOf(rung)
    return engine === null || !down.has(engine)
  })!
  return { what: stands === rungs[0] ? 'works' : 'degrades', by: stands }
}

export interface Failure {
  readonly name: string
  /** Engines that do not serve meanwhile. */
  readonly down: readonly Engine[]
}

/** One engine in each of the ways in which it can fail, and engines together. */
export const failures = {
  none: { name: 'nothing', down: [] },
  redisKilled: { name: 'Redis is killed', down: ['redis'] },
  redisHangs: { name: 'Redis hangs', down: ['redis'] },
  redisCut: { name: 'Redis is cut off', down: ['redis'] },
  redisDeaf: { name: 'Redis is cut off one way', down: ['redis'] },
  redisHalfOpen: { name: 'connections to Redis are half open', down: ['redis'] },
  redisLate: { name: 'Redis is 2 s late', down: ['redis'] },
  redisFull: { name: 'Redis is full', down: ['redis'] },
  redisDemoted: { name: 'Redis is a replica', down: ['redis'] },
  kafkaKilled: { name: 'Kafka is killed', down: ['kafka'] },
  kafkaHangs: { name: 'Kafka hangs', down: ['kafka'] },
  kafkaHalfOpen: { name: 'connections to Kafka are half open', down: ['kafka'] },
  kafkaLate: { name: 'Kafka is 2 s late', down: ['kafka'] },
  kafkaThin: { name: 'Kafka has fewer in-sync replicas than it wants', down: ['kafka'] },
  primaryKilled: { name: 'the primary is killed', down: ['ledger'] },
  primaryHangs: { name: 'the primary hangs', down: ['ledger'] },
  primaryHalfOpen: { name: 'connections to the primary are half open', down: ['ledger'] },
  primaryLate: { name: 'the primary is 2 s late', down: ['ledger'] },
  primaryReadOnly: { name: 'the primary is read-only', down: ['ledger'] },
  primaryFull: { name: 'the primary has no room for more rows', down: ['ledger'] },
  primaryStuck: {
    name: 'commits hang at the primary, as with a full disk under its binary log',
    down: ['ledger'],
  },
  redisAndKafka: { name: 'Redis and Kafka are killed', down: ['redis', 'kafka'] },
  redisAndPrimary: { name: 'Redis and the primary are killed', down: ['redis', 'ledger'] },
  kafkaAndPrimary: { name: 'Kafka and the primary are killed', down: ['kafka', 'ledger'] },
  all: { name: 'Redis, Kafka and the primary are killed', down: ['redis', 'kafka', 'ledger'] },
} as const satisfies Record<string, Failure>

export type FailureName = keyof typeof failures
export const failureNames = Object.keys(failures) as readonly FailureName[]

/** What is no engine's failure, and must look to nobody like one. */
export interface Disturbance {
  readonly name: string
  /** What may be heard meanwhile beside `ok`: each says what to do. Empty: everything works as ever. */
  readonly heard: readonly string[]
  /** Whether the database ladder must stand where it stands. */
  readonly stays: boolean
  /** What holds afterwards, beside balanced books. */
  readonly after: string
  /** The tests that prove it. */
  readonly proof: string
}

const DISTURBANCES_TEST = 'tests/system/disturbances.test.ts'

export const disturbances = {
  poolHeld: {
    name: 'others hold every connection and lock of the ledger that the shop uses',
    heard: ['lock_timeout', 'deadline_exceeded', 'overloaded'],
    stays: true,
    after: 'it works by itself, as soon as they let go',
    proof: DISTURBANCES_TEST,
  },
  redisFlaps: {
    name: 'Redis comes and goes',
    heard: [],
    stays: true,
    after: 'every ladder is back on its best rung',
    proof: DISTURBANCES_TEST,
  },
  clockAhead: {
    name: 'the clock of one process jumps an hour ahead',
    heard: [],
    stays: true,
    after: 'no order has expired early, and no session, lease or lock of another process',
    proof: DISTURBANCES_TEST,
  },
  clockBack: {
    name: 'the clock of one process jumps an hour back',
    heard: [],
    stays: true,
    after: 'no order has expired early, and no session, lease or lock of another process',
    proof: DISTURBANCES_TEST,
  },
  shopKilled: {
    name: 'a process of the shop is killed in the middle of orders, payments, refunds and points',
    heard: ['no answer'],
    stays: false,
    after: 'each key has exactly one effect, and each step that was begun is finished or undone',
    proof: 'tests/system/crash.test.ts',
  },
} as const satisfies Record<string, Disturbance>

export type DisturbanceName = keyof typeof disturbances
export const disturbanceNames = Object.keys(disturbances) as readonly DisturbanceName[]
