// Every cell of the failure matrix on real engines: what works, by which rung, what is refused and with what, what waits.

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { findJars, JARS_FOLDER } from '../../platform/engines/kafka/jars.ts'
import {
  type CapabilityName,
  type Cell,
  capabilities,
  capabilityNames,
  cellOf,
  type FailureName,
  failureNames,
  failures,
} from '../../resilience/failure-matrix.ts'
import { type Engine, type Ladder, ladderNames, ladders } from '../../resilience/ladders.ts'
import { ledgerUrls } from '../support/engines.ts'
import { MariadbPair } from '../support/mariadb-pair.ts'
import { OwnKafka } from '../support/own-kafka.ts'
import { OwnRedis, redisPrograms } from '../support/own-redis.ts'
import { codeOf, type Member, must } from '../support/people.ts'
import { Stall } from '../support/stall.ts'
import { TcpProxy } from '../support/tcp-proxy.ts'

/** Until a move that has to come, ms. */
const SOON = { timeout: 30_000, interval: 20 }
const isHere = ledgerUrls().length > 1 && redisPrograms.length > 0 && findJars(JARS_FOLDER) !== null

interface Fault {
  begin(): Promise<unknown> | unknown
  end(): Promise<unknown> | unknown
}

describe.skipIf(!isHere)('while something fails', () => {
  let redis: OwnRedis
  let proxy: TcpProxy
  let kafka: OwnKafka
  let pair: MariadbPair
  let stall: Stall
  let member: Member
  let productId: string
  let orderId: string
  let couponId: string
  const failedBefore = new Set<Engine>()
  const anotherShop = async (): Promise<void> => {
    await stall.shop.stop()
    await stall.restart()
    member = { ...stall.people.person(member.authorization), memberId: member.memberId }
    failedBefore.clear()
  }

  beforeAll(async () => {
    ;[redis, kafka, pair] = await Promise.all([OwnRedis.start(), OwnKafka.start(), MariadbPair.start()])
    proxy = await TcpProxy.open(redis.port)
    const engines = { redis: `redis://127.0.0.1:${proxy.port}`, kafka: kafka.brokers }
    stall = await Stall.open(
      { name: 'kafka', url: pair.url, ...engines },
      { customers: 200, env: { LEVEE_LEDGER_REPLICA_URL: pair.replicaUrl } },
    )
    ;[member] = (await stall.members(1)) as [Member]
    productId = await stall.product(100_000)
    orderId = await stall.bought(member, productId)
    couponId = await stall.coupon(100_000)
  }, 120_000)
  afterAll(async () => {
    await stall?.close()
    await proxy?.close()
    await Promise.all([redis?.drop(), kafka?.drop(), pair?.drop()])
  })

  const killed = (engine: { kill(): Promise<void>; restart(): Promise<void> }): Fault => ({
    begin: () => engine.kill(),
    end: () => engine.restart(),
  })
  const stopped = (engine: { stop(): void; goOn(): void }): Fault => ({
    begin: () => engine.stop(),
    end: () => engine.goOn(),
  })
  const between = (fault: Parameters<TcpProxy['set']>[0]): Fault => ({
    begin: () => proxy.set(fault),
    end: () => proxy.set('through'),
  })
  const together = (...faults: readonly Fault[]): Fault => ({
    begin: () => Promise.all(faults.map(fault => fault.begin())),
    end: () => Promise.all(faults.map(fault => fault.end())),
  })
  const faultOf = (name: FailureName): Fault =>
    ({
      none: () => ({ begin: () => undefined, end: () => undefined }),
      redisKilled: () => killed(redis),
      redisHangs: () => stopped(redis),
      redisCut: () => between('refuse'),
      redisDeaf: () => between('deaf'),
      redisHalfOpen: () => between('half-open'),
      redisLate: () => between(2_000),
      redisFull: () => ({
        begin: () => redis.direct('CONFIG', 'SET', 'maxmemory', '1'),
        end: () => redis.direct('CONFIG', 'SET', 'maxmemory', '0'),
      }),
      redisDemoted: () => ({
        begin: () => redis.direct('REPLICAOF', '127.0.0.1', '1'),
        end: () => redis.direct('REPLICAOF', 'NO', 'ONE'),
      }),
      kafkaKilled: () => killed(kafka),
      kafkaHangs: () => stopped(kafka),
      primaryKilled: () => killed(pair),
      primaryHangs: () => stopped(pair),
      primaryReadOnly: () => ({
        begin: () => pair.run('SET GLOBAL read_only=1'),
        end: () => pair.run('SET GLOBAL read_only=0'),
      }),
      redisAndKafka: () => together(killed(redis), killed(kafka)),
      redisAndPrimary: () => together(killed(redis), killed(pair)),
      kafkaAndPrimary: () => together(killed(kafka), killed(pair)),
      all: () => together(killed(redis), killed(kafka), killed(pair)),
    })[name]()

  const standings = async (): Promise<ReadonlyMap<Ladder, string>> => {
    const shown = must(await stall.boss.ladder.listLadders({}))
    return new Map(shown.ladders.map(({ ladder, standing }) => [ladder as Ladder, standing]))
  }
  /** Each ladder stands where it has to without these. */
  const settled = (down: ReadonlySet<Engine>) =>
    vi.waitFor(async () => {
      const expected = new Map<Ladder, string>()
      for (const name of ladderNames) {
        const capability = capabilityNames.find(each => capabilities[each].ladder === name)
        const without = new Set([...down].filter(engine => engine !== 'ledger'))
        if (capability !== undefined) expected.set(name, cellOf(capability, without).by)
        else expected.set(name, down.has('ledger') ? 'read-only' : ladders[name][0])
      }
      expect(new Map([...(await standings())].sort())).toEqual(new Map([...expected].sort()))
    }, SOON)

  /** `events` was begun before the fault: what was paid is counted now, or it is not. */
  const did: Readonly<Record<Exclude<CapabilityName, 'events'>, () => Promise<string>>> = {
    browse: async () => codeOf(await member.product.getProduct({ productId })),
    ranking: async () => codeOf(await member.bestseller.bestSellers({})),
    session: async () => codeOf(await member.account.me({})),
    ownOrder: async () => codeOf(await member.order.getOrder({ orderId })),
    signIn: async () => codeOf(await stall.people.nobody().account.signIn(stall.place.administrator!)),
    order: async () => codeOf(await stall.order(member, productId)),
    pay: async () => {
      const placed = await stall.order(member, productId)
      return placed.ok ? codeOf(await stall.pay(member, placed.value.orderId)) : placed.refusal.code
    },
    claim: async () => {
      const claimed = await member.coupon.claimCoupon({ couponId })
      // Who has it already was judged all the same.
      return !claimed.ok && claimed.refusal.code === 'coupon_already_claimed' ? 'ok' : codeOf(claimed)
    },
  }
  const heard = ({ what, by }: Cell): string => (what === 'refused' ? by : 'ok')
  const pointsOf = async () => must(await member.point.getBalance({})).balance

  /** Returns how many orders were paid meanwhile. */
  async function asTheMatrixSays(name: FailureName, down: ReadonlySet<Engine>): Promise<number> {
    await settled(down)
    for (const capability of capabilityNames) {
      if (capability === 'events') continue
      const cell = cellOf(capability, down)
      await expect.poll(did[capability], { ...SOON, message: `${name}: ${capability}` }).toBe(heard(cell))
    }
    if (cellOf('events', down).what === 'waits') return 0
    const before = await pointsOf()
    await stall.bought(member, productId)
    await expect.poll(pointsOf, SOON).toBeGreaterThan(before)
    return 1
  }

  it.each(failureNames)(
    '%s: every cell is as the matrix says',
    async name => {
      const down = new Set<Engine>(failures[name].down)
      const fault = faultOf(name)
      // What fails again so soon is a relapse, and is left alone for longer each time: here each is the first of its shop.
      if (failures[name].down.some(engine => failedBefore.has(engine))) await anotherShop()
      for (const engine of down) failedBefore.add(engine)
      await settled(new Set())
      const before = await pointsOf()
      await fault.begin()
      const paid = await asTheMatrixSays(name, down).finally(() => fault.end())
      await settled(new Set())
      // What waited is done, and what is asked for now works again.
      await stall.bought(member, productId, 1)
      await expect.poll(pointsOf, SOON).toBeGreaterThanOrEqual(before + paid + 1)
    },
    90_000,
  )

  it('and in the end the books agree', () => stall.booksBalance(), 60_000)
})
