// What is no engine's failure, and must look to nobody like one: held connections and locks, a Redis that comes and goes, a
// clock that jumps. Customers do everything all the time; each call ends well, or in one of the refusals of the matrix.

import { type Connection, createConnection } from 'mysql2/promise'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Disturbance, type DisturbanceName, disturbances } from '../../resilience/failure-matrix.ts'
import { ClockedShop } from '../support/clocked-shop.ts'
import { kafkaBrokers, ledgerUrls, redisUrl } from '../support/engines.ts'
import { askedNames, MatrixBed, SOON } from '../support/matrix-bed.ts'
import { must, type Person } from '../support/people.ts'
import { TcpProxy } from '../support/tcp-proxy.ts'

const url = ledgerUrls().find(({ name }) => name === 'mariadb')?.url
const redis = redisUrl()
const kafka = kafkaBrokers()

const HOUR_MS = 3_600_000
/** How often Redis comes and goes, and for how long each, ms. TEST_FLAPS=20 does what one would do by hand: 2 s each. */
const FLAPS = Number(process.env.TEST_FLAPS ?? 4)
const FLAP_MS = process.env.TEST_FLAPS === undefined ? 400 : 2_000
/** Whoever signs in all the time is turned away: it is asked for once in each row. */
const often = askedNames.filter(name => name !== 'signIn')
/** So few that customers hold them all. */
const POOL = '4'
/** Of a request, ms: short, so that many end in the time of a test. */
const PATIENCE = '2000'

describe.skipIf(url === undefined || redis === undefined || kafka === undefined)('while', () => {
  let proxy: TcpProxy
  let bed: MatrixBed
  let others: Connection

  beforeAll(async () => {
    const own = new URL(redis!)
    proxy = await TcpProxy.open(Number(own.port))
    own.port = `${proxy.port}`
    const env = { LEVEE_LEDGER_POOL_SIZE: POOL, LEVEE_HTTP_REQUEST_TIMEOUT: PATIENCE }
    const now = Date.now()
    // Open for whoever is an hour off.
    const window = { opensAt: now - 3 * HOUR_MS, closesAt: now + 3 * HOUR_MS, usableUntil: now + 4 * HOUR_MS }
    bed = await MatrixBed.open({ name: 'kafka', url: url!, redis: own.href, kafka: kafka! }, env, window)
    others = await createConnection(bed.stall.place.env.LEVEE_MYSQL_URL!)
  })
  afterEach(() => bed.stall.booksBalance())
  afterAll(async () => {
    await others?.end()
    await bed?.close()
    await proxy?.close()
  })

  /** Customers who do one thing after the other until they are told to stop. */
  class Customers {
    readonly heard = new Set<string>()
    answers = 0
    private going = true
    private readonly all: Promise<unknown>

    constructor(people: readonly Person[]) {
      this.all = Promise.all(people.map((who, i) => this.shop(who, i)))
    }

    private async shop(who: Person, first: number): Promise<void> {
      for (let i = first; this.going; i++) {
        const name = often[i % often.length]!
        const code = await bed.ask(name, who).catch(() => 'no answer')
        this.heard.add(code)
        this.answers++
      }
    }

    async signIn(): Promise<void> {
      this.heard.add(await bed.ask('signIn'))
    }

    async stop(): Promise<void> {
      this.going = false
      await this.all
    }
  }

  /** Ladders that left a rung so far. */
  const moves = (log: readonly string[]): string[] =>
    log
      .join('\n')
      .split('\n')
      .filter(line => line.includes('a ladder moved'))
      .map(line => (JSON.parse(line) as { ladder: string }).ladder)

  async function during(
    name: DisturbanceName,
    people: readonly Person[],
    disturb: (customers: Customers) => Promise<void>,
  ): Promise<Customers> {
    const row: Disturbance = disturbances[name]
    await bed.settled(new Set())
    const { log } = bed.stall.shop
    const before = moves(log).length
    const customers = new Customers(people)
    await expect.poll(() => customers.answers, SOON).toBeGreaterThan(people.length * often.length)
    await Promise.all([disturb(customers), customers.signIn()]).finally(() => customers.stop())
    await bed.settled(new Set())
    if (row.stays) expect(moves(log).slice(before)).not.toContain('database')
    expect([...customers.heard].filter(code => code !== 'ok' && !row.heard.includes(code))).toEqual([])
    for (const each of askedNames) await expect.poll(() => bed.ask(each), SOON).toBe('ok')
    await bed.counts()
    return customers
  }

  /** Callers who wait because every connection is held. */
  async function waiting(): Promise<number> {
    const scraped = await (await fetch(`${bed.stall.shop.url}/metrics`)).text()
    return Number(/^db_client_connection_pending_requests (\d+)/m.exec(scraped)?.[1])
  }

  const many = (count: number): Person[] => Array.from({ length: count }, () => bed.member)

  it('others hold every lock and connection: it waits for a bounded time, and no ladder takes it for a failure', async () => {
    const customers = await during('poolHeld', many(24), async ({ heard }) => {
      await others.query('LOCK TABLES orders WRITE, sessions WRITE')
      await expect.poll(() => waiting(), SOON).toBeGreaterThan(0)
      await expect.poll(() => [...heard], SOON).toContain('deadline_exceeded')
      await others.query('UNLOCK TABLES')
    })
    expect(customers.answers).toBeGreaterThan(0)
  })

  it(`Redis comes and goes ${FLAPS} times: every call is answered, and in the end all ladders are back`, async () => {
    const lasts = (): Promise<unknown> => {
      const until = performance.now() + FLAP_MS
      return vi.waitUntil(() => performance.now() >= until, { timeout: 2 * FLAP_MS, interval: 10 })
    }
    await during('redisFlaps', many(6), async () => {
      for (let flap = 0; flap < FLAPS; flap++) {
        await proxy.set('refuse')
        await lasts()
        await proxy.set('through')
        await lasts()
      }
    })
  })

  describe('the clock of one process jumps', () => {
    let clocked: ClockedShop
    beforeAll(async () => {
      clocked = await ClockedShop.start(bed.stall.place)
    })
    afterAll(() => clocked?.stop())

    it.each([
      ['clockAhead', HOUR_MS],
      ['clockBack', -HOUR_MS],
    ] as const)('%s: both processes go on selling', async (name, ahead) => {
      const { stall, member } = bed
      const there = clocked.people.person(member.authorization)
      await during(name, [member, there, member, there], async customers => {
        for (const shift of [ahead, 0]) {
          await clocked.step(shift)
          const { placedAt } = must(await stall.order(there, bed.productId))
          expect(Math.abs(placedAt - Date.now())).toBeLessThan(HOUR_MS / 60)
          const before = customers.answers
          await expect.poll(() => customers.answers - before, SOON).toBeGreaterThan(10 * often.length)
        }
      })
      expect(moves(clocked.log)).not.toContain('database')
      // Nobody's time to pay was over.
      const { orders } = must(await member.order.listOrders({ limit: 100 }))
      expect(orders.filter(({ state }) => state === 'expired')).toEqual([])
    })
  })
})
