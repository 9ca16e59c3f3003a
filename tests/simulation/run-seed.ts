// One seed from its beginning to the check of its books.

import { newId } from '../../platform/ids.ts'
import { migrate } from '../../platform/sql/schema.ts'
import { schemas } from '../../services/compose.ts'
import { violationsOf } from './checks.ts'
import { ADMIN, Customer } from './customers.ts'
import type { Engines } from './engines.ts'
import { Deaths, Faults } from './faults.ts'
import { Fleet } from './fleet.ts'
import { KafkaBroker } from './kafka-broker.ts'
import { Recorder } from './recorder.ts'
import { setScene } from './scene.ts'
import { ShopProcess, type Swaps } from './shop-process.ts'
import { simLedger } from './sim-ledger.ts'
import { ProviderServer } from './sim-provider.ts'
import { RedisServer } from './sim-redis.ts'
import { Staff } from './staff.ts'
import { Store } from './store.ts'
import { World } from './world.ts'

/** What customers do at least, calls; with so many of them, each ends what it has begun. */
const CALLS_LEAST = 200
const CALLS_ENOUGH = 160
/** Customers at work at the same time. */
const PROCESSES = [2, 3] as const
/** After the last fault the shop goes on for so long by itself, virtual ms; */
const CALM_MS = 1_500
/** and is closed for so long, ms: longer than anybody has to pay, than a place in the line, or a lease. */
const NIGHT_MS = 40 * 60_000
/** Everything has come to its end after so many nights: what one brings to an end may leave something for the next. */
const NIGHTS_MOST = 5
/** Looks of one morning, and the pause before each, ms. */
const MORNING_LOOKS = 8
const MORNING_LOOK_MS = 150

export interface SeedResult {
  readonly seed: number
  readonly violations: readonly string[]
  readonly history: readonly string[]
  readonly calls: number
  readonly events: number
  /** Virtual ms. */
  readonly lasted: number
  readonly pointsSeen: readonly string[]
  readonly pointsHit: readonly string[]
  /** `coupon.claim kafka→redis`. */
  readonly moves: readonly string[]
}

let store: Store | null = null
let initial: ReadonlyMap<string, readonly Record<string, unknown>[]> = new Map()

async function freshStore(): Promise<Store> {
  if (store === null) {
    store = new Store()
    const world = new World(0)
    const owner = world.outside
    const ledger = simLedger({ world, owner, server: { store, mode: 'well' }, note: () => undefined })
    await migrate(ledger, schemas)
    store.learnTables()
    initial = store.rows()
  }
  store.empty(initial)
  return store
}

export async function runSeed(
  seed: number,
  swaps: Swaps = {},
  points: readonly string[] = [],
  harsh = false,
): Promise<SeedResult> {
  const rows = await freshStore()
  const world = new World(seed)
  const engines: Engines = {
    world,
    ledgerServer: { store: rows, mode: 'well' },
    redisServer: new RedisServer(world),
    broker: new KafkaBroker(world),
    provider: new ProviderServer(world),
  }
  const recorder = new Recorder(world)
  const fleet = new Fleet(engines, recorder, swaps)
  const faults = new Faults(engines, fleet, recorder, harsh)
  const deaths = new Deaths(engines, fleet, points)
  const moves = new Set<string>()
  let events = 0
  fleet.onStart = process => {
    deaths.meet(process)
    watchMoves(process, recorder, moves)
  }
  rows.database.guard = deaths.guard
  world.afterEach = () => {
    events++
    if (rows.turn.held) throw new Error('a transaction was left open while time went on')
  }
  const violations: string[] = []
  let over = false
  // What nobody catches ends a real process: it is a broken promise of its own.
  world.thrown = (owner, error) => {
    if (!(owner instanceof ShopProcess)) return false
    violations.push(`crashed: ${textOf(error)}`)
    fleet.kill(owner, String(error))
    return true
  }
  const script = async (): Promise<void> => {
    // Ids made ahead of their use are those of this seed.
    drainIds(world)
    recorder.start(NIGHT_MS)
    const count = world.random.pick(PROCESSES)
    for (let i = 0; i < count; i++) fleet.start()
    await until(world, () => fleet.alive.every(process => process.doors !== null))
    const scene = await setScene(engines, fleet)
    deaths.on = true
    for (const process of fleet.alive) deaths.meet(process)
    faults.begin()
    const market = { world, fleet, recorder, scene }
    const customers = [...scene.members.map(member => new Customer(member, market)), new Staff(ADMIN, market)]
    for (let enough = CALLS_ENOUGH; recorder.attempts.length < CALLS_LEAST; enough += 20)
      await Promise.all(
        customers.map(async customer => {
          while (recorder.attempts.length < enough) await customer.wish()
        }),
      )
    faults.end()
    deaths.on = false
    await until(world, () => fleet.alive.length >= count && fleet.any() !== null, 5_000)
    await world.pause(CALM_MS)
    await nights(engines, fleet)
    for (const { member, couponId, ticket } of scene.tickets)
      await customers.find(each => each.id === member)!.follow(couponId, ticket, 3)
    await fleet.stop()
    const ledger = simLedger({
      ...{ world, owner: world.outside, server: engines.ledgerServer, note: () => undefined },
    })
    violations.push(...(await violationsOf(engines, ledger, recorder, scene, faults.kafkaLied)))
    recorder.end(new Map([...rows.rows(), ['provider', providerRows(engines)]]))
  }
  world.after(0, world.outside, () => {
    script().then(
      () => {
        over = true
      },
      error => world.fail(error),
    )
  })
  try {
    await world.run(() => over)
    if (!over) throw new Error('nothing happens any more, and it is not over')
  } catch (error) {
    violations.push(`broke: ${textOf(error)}`)
  }
  rows.database.guard = null
  return {
    ...{ seed, violations, events, history: recorder.lines, calls: recorder.attempts.length },
    lasted: world.now - world.began,
    pointsSeen: [...deaths.seen],
    pointsHit: [...deaths.hit],
    moves: [...moves],
  }
}

const textOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error)

function drainIds(world: World): void {
  const before = world.shopRandom.fills
  while (world.shopRandom.fills === before) newId()
}

function watchMoves(process: ShopProcess, recorder: Recorder, moves: Set<string>): void {
  const { ladders } = process.composed!
  for (const { ladder } of ladders.status) {
    const standing = ladders.of(ladder)
    let from: string = standing.standing
    standing.onMove(() => {
      const to: string = standing.standing
      const cause = ladders.status.find(each => each.ladder === ladder)?.rungs[0]?.cause ?? null
      moves.add(`${ladder} ${from}→${to}`)
      recorder.move(process.name, ladder, from, to, cause)
      from = to
    })
  }
}

function providerRows({ provider }: Engines) {
  return provider.books.all().map(account => ({
    ...{ payment_id: account.paymentId, state: account.state, captured: account.captured },
    ...{ voided: account.voided, refunded: Object.values(account.refunds).reduce((a, b) => a + b, 0) },
  }))
}

const LOOK_MS = 20

async function until(world: World, what: () => boolean, most = 10_000): Promise<void> {
  const end = world.now + most
  while (!what()) {
    if (world.now > end) throw new Error('it did not come to pass in its time')
    await world.pause(LOOK_MS)
  }
}

/** What the shop has still to do by itself; each query answers what it is. */
const DUE = {
  events: 'SELECT seq || type || event_key AS what FROM outbox',
  sagas: 'SELECT saga_id || kind AS what FROM order_sagas',
  refunds: "SELECT refund_id || state AS what FROM payment_refunds WHERE state <> 'done'",
  payments:
    "SELECT payment_id || ' ' || state AS what FROM payments WHERE state NOT IN ('captured','declined','voided')",
  orders: "SELECT order_id || state AS what FROM orders WHERE state IN ('reserving','placed','paying')",
  places: 'SELECT block_id AS what FROM coupon_blocks WHERE decided < size',
} as const

/**
 * Closed, and opened again by one process, until nothing is due any more: what waits for its time is due then, and nobody
 * waits for it here.
 */
async function nights(engines: Engines, fleet: Fleet): Promise<void> {
  const { world } = engines
  let left: string[] = []
  for (let i = 0; i < NIGHTS_MOST; i++) {
    await fleet.stop()
    await world.pause(NIGHT_MS)
    fleet.closed = false
    fleet.start()
    await until(world, () => fleet.any() !== null)
    for (let look = 0; look < MORNING_LOOKS; look++) {
      await fleet.sweepAll()
      await world.pause(MORNING_LOOK_MS)
      left = leftOf(engines)
      if (left.length === 0) return
    }
  }
  const beyond = engines.broker
    .positions('coupon-group', 'coupon-issue')
    .some(({ committed, end }) => committed > end)
  const only = left.every(each => each.startsWith('places:'))
  throw new Error(
    `${NIGHTS_MOST} nights after the last fault still under way: ${left.slice(0, 5).join('; ')}` +
      (beyond && only ? ' (the group is beyond its log)' : ''),
  )
}

function leftOf({ ledgerServer }: Engines): string[] {
  return Object.entries(DUE).flatMap(([name, sql]) =>
    ledgerServer.store
      .prepare(sql)
      .all()
      .map(row => `${name}: ${row.what}`),
  )
}
