// Bugs that the simulation has to find: each swaps one sound part for one that breaks a promise.

import type { Redis } from '../../platform/redis/redis.ts'
import type { Lane, Ledger } from '../../platform/sql/ledger.ts'
import type { Insert, LaneWrite, Row, Select, Write } from '../../platform/sql/statements.ts'
import type { Doors } from '../../services/compose.ts'
import type { Engines } from './engines.ts'
import type { Swaps } from './shop-process.ts'

export interface Planted {
  /** What is wrong with it. */
  readonly what: string
  /** Anew for each seed. */
  swaps(): Swaps
}

export const planted: Readonly<Record<string, Planted>> = {
  'permit-grants': {
    what: 'a permit of Redis is told as a claim, and the ledger hears of it later, or never',
    swaps: () => ({ doors: permitGrants }),
  },
  'event-outside': {
    what: 'events are written after the transaction that they are about',
    swaps: () => ({ ledger: ledger => withLanes(ledger, eventsAfterwards) }),
  },
  'capture-blindly': {
    what: 'a payment whose answer is lost is tried again as another one',
    swaps: () => ({
      provider: provider => ({
        ...provider,
        authorise: charge =>
          provider.authorise(charge).catch(async () => {
            const again = `${charge.paymentId}-again`
            await provider.authorise({ ...charge, paymentId: again })
            return provider.capture(again)
          }),
      }),
    }),
  },
  'stale-replica': {
    what: 'claims are decided by what a replica says that is a little behind, and nothing is compared when they are written',
    swaps: () => {
      const replica: Replica = { sets: new Map() }
      return { ledger: (ledger, engines) => withLanes(ledger, lane => staleReads(lane, replica, engines)) }
    },
  },
  'answer-early': {
    what: 'the buyer hears that the order is placed before it is committed',
    swaps: () => ({ ledger: ledger => withLanes(ledger, answersEarly) }),
  },
  'line-forgets': {
    what: 'Kafka is told that records are handled which were not',
    swaps: () => ({
      kafka: kafka => ({
        ensureTopics: topics => kafka.ensureTopics(topics),
        publisher: topic => kafka.publisher(topic),
        positions: (group, topic) => kafka.positions(group, topic),
        ping: () => kafka.ping(),
        probe: () => kafka.probe(),
        close: () => kafka.close(),
        group: options =>
          kafka.group({
            ...options,
            handle: records => options.handle(records).catch(() => undefined),
          }),
      }),
    }),
  },
}

/** The lanes of a ledger, each through `over`. */
function withLanes(ledger: Ledger, over: (lane: Lane, name: string) => Lane): Ledger {
  return { ...ledger, lane: name => over(ledger.lane(name), name) }
}

/** The lane with some of its ways changed. */
function changed(lane: Lane, ways: Partial<Pick<Lane, 'transact' | 'attempt'>>): Lane {
  return {
    get chains() {
      return lane.chains
    },
    read: reads => lane.read(reads),
    close: () => lane.close(),
    transact: ways.transact ?? ((reads, decide) => lane.transact(reads, decide)),
    attempt: ways.attempt ?? ((locks, writes) => lane.attempt(locks, writes)),
  }
}

const inserts =
  (table: string) =>
  (write: LaneWrite): write is Insert =>
    write.kind === 'insert' && write.shape.table === table

function eventsAfterwards(lane: Lane): Lane {
  const isEvent = inserts('outbox')
  const later = (events: readonly Insert[]): void => {
    if (events.some(event => event.rows.length > 0))
      setTimeout(() => void lane.transact([], () => events).catch(() => undefined), 1)
  }
  return changed(lane, {
    async transact(reads, decide) {
      let events: readonly Insert[] = []
      await lane.transact(reads, sets => {
        const writes = decide(sets)
        events = writes.filter(isEvent)
        return writes.filter(write => !isEvent(write))
      })
      later(events)
    },
    async attempt(locks, writes) {
      await lane.attempt(
        locks,
        writes.filter(write => !isEvent(write)),
      )
      later(writes.filter(isEvent))
    },
  })
}

function answersEarly(lane: Lane, name: string): Lane {
  if (name !== 'order') return lane
  return changed(lane, {
    transact: (reads, decide) =>
      new Promise((resolve, reject) => {
        lane
          .transact(reads, sets => {
            const writes = decide(sets)
            resolve()
            return writes
          })
          .catch(reject)
      }),
    async attempt(locks, writes) {
      void lane.attempt(locks, writes).catch(() => undefined)
    },
  })
}

/** By statement and ids: what was read, and until when it is told again. */
interface Replica {
  readonly sets: Map<string, { readonly rows: readonly Row[]; readonly until: number }>
}
/** How far the replica is behind, ms. */
const LAG_MS = 60

function staleReads(lane: Lane, { sets }: Replica, { world }: Engines): Lane {
  const seen = (read: Select, rows: readonly Row[]): Row[] => {
    if (read.shape.from !== 'coupons') return [...rows]
    const key = JSON.stringify([...read.ids].sort())
    const known = sets.get(key)
    if (known !== undefined && world.now < known.until) return known.rows.map(row => ({ ...row }))
    sets.set(key, { rows: rows.map(row => ({ ...row })), until: world.now + LAG_MS })
    return [...rows]
  }
  return changed(lane, {
    transact: (reads, decide) =>
      lane.transact(reads, found =>
        decide(found.map((rows, i) => seen(reads[i]!, rows))).map(write => withoutCompare(write, 'coupons')),
      ),
  })
}

/** Its rows are written whatever they were: by the first key alone. */
function withoutCompare(write: Write, table: string): Write {
  if (write.kind !== 'update' || write.shape.table !== table) return write
  const { keys, types } = write.shape
  const [first] = keys
  if (first === undefined) return write
  const shape = { ...write.shape, keys: [first], types: types.toSpliced(1, keys.length - 1) }
  return { ...write, shape, rows: write.rows.map(row => row.toSpliced(1, keys.length - 1)) }
}

function permitGrants(doors: Doors, { redis }: { readonly redis: Redis }): Doors {
  return {
    ...doors,
    coupon: {
      ...doors.coupon,
      async claimCoupon(call, input) {
        const { couponId } = input
        const permit = await redis
          .command<string | null>('SET', `granted ${couponId} ${call.principal.id}`, 1, 'NX', 'PX', 60_000)
          .catch(() => null)
        if (permit === null) return doors.coupon.claimCoupon(call, input)
        void doors.coupon.claimCoupon(call, input).catch(() => undefined)
        const claimId = `${couponId} ${call.principal.id}`
        const claim = { claimId, couponId, state: 'issued' as const, claimedAt: Date.now(), orderId: null }
        return { ok: true, value: claim }
      },
    },
  }
}
