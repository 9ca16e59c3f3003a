// Every service as a process of its own: a whole purchase through all of them, one of two killed in a rush, an orderly
// end, an end with the starter, and what refuses to be split.

import { type AddressInfo, createServer } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { settings } from '../../platform/config/settings.ts'
import { commandLine } from '../../platform/engines/processes.ts'
import { serviceNames } from '../../services/plan.ts'
import { ledgerUrls, mariadbAdminUrl } from '../support/engines.ts'
import { codeOf, must } from '../support/people.ts'
import { ShopPlace } from '../support/shop.ts'
import type { ShopKind } from '../support/shop-kinds.ts'
import { PRICE, Stall, tally, times } from '../support/stall.ts'

/** A dozen processes start on two cores, ms. */
const PATIENCE = { timeout: 240_000 }
const SOON = { timeout: 60_000, interval: 100 }
const url = ledgerUrls().find(engine => engine.name === 'mariadb')?.url
const kind: ShopKind = { name: 'mariadb', split: true, ...(url === undefined ? {} : { url }) }
const isHere = url !== undefined && mariadbAdminUrl() !== undefined

describe.skipIf(!isHere)('a split shop', () => {
  let stall: Stall | undefined
  afterEach(() => stall?.close())

  it(
    'sells, pays, redeems, ranks and earns over more than eight processes, each with a user of its own',
    PATIENCE,
    async () => {
      stall = await Stall.open(kind)
      const shop = stall
      const processes = shop.shop.services.now()
      expect(new Set(processes.map(each => each.pid)).size).toBeGreaterThanOrEqual(8)
      for (const { service, internal } of processes) {
        const health = await fetch(`${internal}/health/ready`)
        expect([service, health.status, await health.json()]).toEqual([
          service,
          200,
          { service, status: 'ready' },
        ])
        expect(await (await fetch(`${internal}/metrics`)).text()).toContain('process_cpu_seconds_total')
        // Nobody is let in who is no service of this shop.
        const stranger = await fetch(`${internal}/calls`, { method: 'POST', body: '[]' })
        expect(stranger.status).toBe(401)
      }
      const member = await shop.people.member()
      const productId = await shop.product(10)
      const couponId = await shop.coupon(1)
      must(await member.coupon.claimCoupon({ couponId }))
      const orderId = await shop.placed(member, productId, 3, { couponId, expectedTotal: 3 * PRICE - 10 })
      must(await shop.pay(member, orderId))
      expect(await shop.stock(productId)).toMatchObject({ sold: 3, reserved: 0, available: 7 })
      await expect.poll(async () => must(await member.point.getBalance({})).balance, SOON).toBe(2)
      const ranked = async () => {
        const { rows } = must(await shop.boss.bestseller.bestSellers({ by: 'units', limit: 10 }))
        return rows.find(row => row.productId === productId)
      }
      await expect.poll(ranked, SOON).toMatchObject({ units: 3, name: `Thing ${productId}` })
      // What is over is over at every gateway by the time it is answered.
      must(await member.account.signOut({}))
      expect(codeOf(await member.account.me({}))).toBe('unauthenticated')
      await shop.booksBalance()
    },
  )

  it(
    'loses nothing when one of two order processes is killed in a rush, and has it back',
    PATIENCE,
    async () => {
      const ORDERS = 600
      stall = await Stall.open(kind, {
        instances: 'order=2,order-consumer=1,coupon-consumer=1',
        env: { LEVEE_SERVICES_ORDER_ROUTING: 'turns' },
      })
      const shop = stall
      const { services } = shop.shop
      const productId = await shop.product(ORDERS - 100)
      const guests = Array.from({ length: 20 }, () => shop.people.guest())
      let done = 0
      const buy = async (i: number) => {
        const who = guests[i % guests.length]!
        const placed = await shop.order(who, productId, 1, { orderId: `rush-order-${i}` }, `rush-key-no-${i}`)
        if (!placed.ok) return placed
        done++
        return shop.pay(who, placed.value.orderId, 'tok_ok', `rush-payment-no-${i}`)
      }
      const rush = () => times(ORDERS, buy)
      const running = rush()
      await expect.poll(() => done, { interval: 1, timeout: 60_000 }).toBeGreaterThan(50)
      const victim = services.now('order')[0]!
      process.kill(victim.pid!, 'SIGKILL')
      const first = await running
      // Not now, or sold out: no wrong answer, and no broken one.
      const passing = [
        'ok',
        'out_of_stock',
        'service_unavailable',
        'outcome_unknown',
        'lock_timeout',
        'order_state',
      ]
      expect(Object.keys(tally(first)).filter(code => !passing.includes(code))).toEqual([])
      const states = () => services.told.filter(each => each.name === victim.name).map(each => each.state)
      await expect.poll(() => states().slice(-3), SOON).toEqual(['restarting', 'starting', 'up'])
      expect(services.now('order')[0]!.pid).not.toBe(victim.pid)
      let last = first
      const settled = async () => {
        last = await rush()
        return tally(last)
      }
      await expect.poll(settled, SOON).toEqual({ ok: ORDERS - 100, out_of_stock: 100 })
      // Who was told yes once is told the same again.
      for (const [i, answer] of first.entries()) if (answer.ok) expect(last[i]).toMatchObject({ ok: true })
      expect(await shop.stock(productId)).toMatchObject({ sold: ORDERS - 100, available: 0, reserved: 0 })
      await shop.booksBalance()
    },
  )

  it('ends in order when it is told to, with 0: the front door first, the relay last', PATIENCE, async () => {
    stall = await Stall.open(kind)
    const shop = stall
    const productId = await shop.product(200)
    const who = shop.people.guest()
    const running = times(100, i => shop.order(who, productId, 1, {}, `ending-no-${i}`).catch(() => null))
    await expect.poll(async () => (await shop.stock(productId)).reserved, { interval: 1 }).toBeGreaterThan(0)
    expect(await shop.shop.stop()).toBe(0)
    const kept = (await running).flatMap(answer => (answer?.ok ? [answer.value.orderId] : []))
    expect(kept.length).toBeGreaterThan(0)
    const { told } = shop.shop.services
    const stopped = told.filter(each => each.state === 'stopped').map(each => each.service)
    expect([stopped[0], stopped.at(-1), stopped.length]).toEqual(['gateway', 'relay', 10])
    await shop.restart()
    expect((await shop.stock(productId)).reserved).toBe(kept.length)
  })

  it('ends when its starter is killed: nobody is left behind', PATIENCE, async () => {
    stall = await Stall.open(kind)
    const { shop } = stall
    const pids = shop.services.now().map(each => each.pid!)
    expect(pids.map(commandLine)).not.toContain(null)
    process.kill(shop.pid, 'SIGKILL')
    await expect.poll(() => pids.map(commandLine).filter(line => line !== null), SOON).toEqual([])
  })

  it('has a user for each module, made by one who may, or says so', PATIENCE, async () => {
    const place = await ShopPlace.open({ engine: { name: 'mariadb', url: url! } })
    const { code, stderr } = await place.run('start', '--split', '--catalogue', 'none')
    expect(code).toBe(2)
    expect(stderr).toMatch(/database user of its own.*CREATE USER and GRANT OPTION/s)
    const several = await place.run('start', '--split', '--instances', 'payment=2')
    expect([several.code, several.stderr]).toEqual([2, expect.stringContaining('payment.providerUrl')])
    const strange = await place.run('start', '--split', '--instances', 'teapot=2')
    expect([strange.code, strange.stderr]).toEqual([2, expect.stringContaining('no service teapot')])
    await place.drop()
  })
})

const apart = Object.fromEntries(
  serviceNames.map(name => [settings[`services.${name}`].env, 'http://127.0.0.1:9']),
)

/** Its front door, or its internal one. */
const DOORS: readonly (readonly [string, string])[] = [
  ['gateway', 'LEVEE_HTTP_PORT'],
  ...(isHere ? [['order', 'LEVEE_INTERNAL_PORT'] as const] : []),
]

it.each(DOORS)('says that another program has its port, and ends: %s', PATIENCE, async (service, port) => {
  const other = createServer()
  await new Promise<void>(resolve => other.listen(0, '127.0.0.1', resolve))
  const place = await ShopPlace.open({
    engine: service === 'gateway' ? { name: 'sqlite' } : kind,
    env: apart,
  })
  const taken = String((other.address() as AddressInfo).port)
  const { code, stderr } = await place.runWith({ [port]: taken }, 'start', service)
  expect([code, stderr]).toEqual([1, expect.stringContaining('its port is taken by another program')])
  await place.drop()
  other.close()
})

it('SQLite is one process’s: it refuses to be split, and to be a service of its own', async () => {
  const place = await ShopPlace.open({ engine: { name: 'sqlite' } })
  for (const args of [
    ['start', '--split'],
    ['start', 'order'],
  ]) {
    const { code, stderr } = await place.run(...args)
    expect([code, stderr]).toEqual([2, expect.stringContaining('SQLite is a file of one process')])
  }
  const teapot = await place.run('start', 'teapot')
  expect([teapot.code, teapot.stderr]).toEqual([2, expect.stringContaining('there are gateway, account')])
  await place.drop()
})
