// Who may do what, over HTTP: roles, channels and their keys, sessions, limits, the audit trail, and a shop that
// is told to stop.

import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { accountContract } from '../../modules/account/contract.ts'
import { bestsellerContract } from '../../modules/bestseller/contract.ts'
import { couponContract } from '../../modules/coupon/contract.ts'
import { eventContract } from '../../modules/event/contract.ts'
import { notificationContract } from '../../modules/notification/contract.ts'
import { orderContract } from '../../modules/order/contract.ts'
import { paymentContract } from '../../modules/payment/contract.ts'
import { pointContract } from '../../modules/point/contract.ts'
import { productContract } from '../../modules/product/contract.ts'
import type { Access, Operation } from '../../platform/contract/operation.ts'
import { LedgerWatch } from '../support/fingerprint.ts'
import { codeOf, must, People, type Person } from '../support/people.ts'
import { rawRequest, Wire } from '../support/raw.ts'
import { type RunningShop, ShopPlace } from '../support/shop.ts'
import { onEveryShop, type ShopKind } from '../support/shop-kinds.ts'

const operations: readonly (readonly [string, Operation])[] = [
  accountContract,
  productContract,
  orderContract,
  paymentContract,
  pointContract,
  couponContract,
  bestsellerContract,
  notificationContract,
  eventContract,
].flatMap(contract => Object.entries<Operation>(contract))

/** A session that was ended is known to be everywhere after this long, ms; its own process knows at once. */
const FORGOTTEN_MS = 6_000
const HOUR_MS = 3_600_000

function suite(engine: ShopKind): void {
  let place: ShopPlace
  let shop: RunningShop
  let people: People
  let wire: Wire
  let watch: LedgerWatch
  let boss: Person
  let made = 0

  beforeAll(async () => {
    place = await ShopPlace.open({ engine })
    shop = await place.start()
    people = People.of(place, shop)
    wire = new Wire(shop.url)
    watch = await LedgerWatch.open(place)
    boss = await people.signIn(place.administrator!)
  })
  afterAll(async () => {
    wire?.close()
    await watch?.close()
    await place?.drop()
  })

  async function product(stock = 100): Promise<string> {
    const productId = `a-${made++}`
    must(await boss.product.createProduct({ productId, name: 'A thing', price: 100 }))
    await vi.waitFor(
      async () => must(await boss.order.adjustStock({ productId, change: stock, reason: 'delivered' })),
      10_000,
    )
    return productId
  }
  const placeOne = (who: Person, productId: string, more: object = {}) =>
    who.order.placeOrder({ lines: [{ productId, quantity: 1 }], expectedTotal: 100, ...more })

  it('answers 401 and 403 wherever too little identity asks, and changes nothing', async () => {
    const member = await people.member()
    const operator = await people.member()
    must(await boss.account.grantRole({ memberId: operator.memberId, role: 'operator' }))
    const channel = await people.channel(boss)
    const askers: readonly (readonly [Person, readonly Access[]])[] = [
      [people.nobody(), ['public']],
      [people.guest(), ['public', 'guest']],
      [member, ['public', 'guest', 'customer']],
      [channel, ['public', 'guest', 'channel']],
      [operator, ['public', 'guest', 'customer', 'operator']],
    ]
    const before = await watch.atRest()
    let refused = 0
    for (const [name, { http, access }] of operations) {
      if (!http) continue
      for (const [{ authorization }, held] of askers) {
        if (access.some(one => held.includes(one))) continue
        const answer = await wire.send({ ...rawRequest(http, {}), authorization })
        const expected = authorization === '' ? [401, 'unauthenticated'] : [403, 'forbidden']
        expect([name, answer.status, answer.code]).toEqual([name, ...expected])
        refused++
      }
    }
    expect(refused).toBeGreaterThan(100)
    expect(await watch.atRest()).toEqual(before)
  })

  it('offers no operation over HTTP that is for siblings only', async () => {
    const document = JSON.parse((await wire.send({ method: 'GET', path: '/openapi.json' })).text) as {
      paths: Record<string, Record<string, { operationId: string }>>
    }
    const offered = Object.values(document.paths).flatMap(path =>
      Object.values(path).map(({ operationId }) => operationId),
    )
    const inner = operations.filter(([, { http }]) => !http).map(([name]) => name)
    expect(inner.length).toBeGreaterThan(5)
    expect(offered.filter(id => inner.some(name => id === name || id.endsWith(`.${name}`)))).toEqual([])
  })

  it('takes no made-up identity for anybody', async () => {
    for (const authorization of [
      'Bearer x',
      `Bearer ${'A'.repeat(43)}`,
      'Channel key',
      'Guest short',
      'Basic YTpi',
    ])
      expect([authorization, codeOf(await people.person(authorization).account.me({}))]).toEqual([
        authorization,
        'unauthenticated',
      ])
  })

  it('lets a granted role bite at once, and a revoked one no more', async () => {
    const member = await people.member()
    const productId = await product()
    expect(codeOf(await member.order.getStock({ productId }))).toBe('forbidden')
    must(await boss.account.grantRole({ memberId: member.memberId, role: 'operator' }))
    await vi.waitFor(async () => must(await member.order.getStock({ productId })), FORGOTTEN_MS)
    expect(codeOf(await member.product.createProduct({ productId: 'never', name: 'x', price: 1 }))).toBe(
      'forbidden',
    )
    must(await boss.account.revokeRole({ memberId: member.memberId, role: 'operator' }))
    await vi.waitFor(
      async () => expect(codeOf(await member.order.getStock({ productId }))).toBe('forbidden'),
      FORGOTTEN_MS,
    )
    expect(codeOf(await people.nobody().product.getProduct({ productId: 'never' }))).toBe('product_unknown')
  })

  it('keeps the last administrator', async () => {
    const { id } = must(await boss.account.me({}))
    const second = await people.member()
    must(await boss.account.grantRole({ memberId: second.memberId, role: 'administrator' }))
    await vi.waitFor(async () => must(await second.account.auditTrail({})), FORGOTTEN_MS)
    const each = await Promise.all([
      boss.account.revokeRole({ memberId: second.memberId, role: 'administrator' }),
      boss.account.revokeRole({ memberId: second.memberId, role: 'administrator' }),
    ])
    expect(each.some(result => result.ok)).toBe(true)
    expect(codeOf(await boss.account.revokeRole({ memberId: id, role: 'administrator' }))).toBe(
      'last_administrator',
    )
    must(await boss.account.auditTrail({}))
  })

  it('shows another member’s order to nobody but staff', async () => {
    const productId = await product()
    const [owner, stranger] = [await people.member(), await people.member()]
    const { orderId } = must(await placeOne(owner, productId))
    const before = await watch.atRest()
    const line = [{ lineNo: 0, quantity: 1 }]
    for (const who of [stranger, people.guest()]) {
      expect(codeOf(await who.order.getOrder({ orderId }))).toBe('not_found')
      expect(codeOf(await who.order.cancelOrder({ orderId, lines: line }))).toBe('not_found')
      expect(codeOf(await who.order.refundOrder({ orderId, lines: line }))).toBe('not_found')
      expect(codeOf(await who.payment.payOrder({ orderId, token: 'tok_ok' }))).toBe('not_found')
      expect(codeOf(await who.payment.listPayments({ orderId }))).toBe('not_found')
      expect(must(await who.order.listOrders({})).orders).toEqual([])
    }
    expect(codeOf(await stranger.order.listOrders({ owner: owner.memberId }))).toBe('forbidden')
    expect(codeOf(await stranger.point.getBalance({ memberId: owner.memberId }))).toBe('forbidden')
    expect(await watch.atRest()).toEqual(before)
    expect(must(await boss.order.getOrder({ orderId })).orderId).toBe(orderId)
  })

  it('rotates and revokes the key of a channel, and with it the tokens it exchanged', async () => {
    const channel = await people.channel(boss)
    const { channelId } = channel
    const { token } = must(await channel.account.exchangeToken({ guestRef: 'a customer' }))
    const customer = people.person(`Bearer ${token}`)
    must(await customer.account.me({}))
    const overlapping = must(await boss.account.issueChannelKey({ channelId }))
    must(await channel.account.me({}))
    const last = must(await boss.account.issueChannelKey({ channelId, overlapSeconds: 0 }))
    for (const old of [channel, people.person(`Channel ${overlapping.key}`)])
      await vi.waitFor(
        async () => expect(codeOf(await old.account.me({}))).toBe('unauthenticated'),
        FORGOTTEN_MS,
      )
    const renewed = people.person(`Channel ${last.key}`)
    must(await renewed.account.me({}))
    must(await boss.account.revokeChannelKey({ channelId, keyId: last.keyId }))
    for (const gone of [renewed, customer])
      await vi.waitFor(
        async () => expect(codeOf(await gone.account.me({}))).toBe('unauthenticated'),
        FORGOTTEN_MS,
      )
  })

  it('takes the price and the time of a sale from channels only', async () => {
    const productId = await product()
    const channel = await people.channel(boss)
    const businessTime = Date.UTC(2010, 11, 1, 12)
    const stated = { lines: [{ productId, quantity: 2, unitPrice: 7 }], expectedTotal: 14 }
    const { token } = must(await channel.account.exchangeToken({ guestRef: 'walked in' }))
    const before = await watch.atRest()
    for (const who of [people.guest(), await people.member(), boss]) {
      expect(codeOf(await who.order.placeOrder(stated))).toBe('forbidden')
      expect(codeOf(await placeOne(who, productId, { businessTime }))).toBe('forbidden')
    }
    const now = await watch.atRest()
    for (const table of ['orders', 'order_lines', 'stock', 'stock_journal'])
      expect([table, now[table]]).toEqual([table, before[table]])
    const customer = people.person(`Bearer ${token}`)
    const { orderId, total, placedAt } = must(await customer.order.placeOrder({ ...stated, businessTime }))
    expect({ total, placedAt }).toEqual({ total: 14, placedAt: businessTime })
    must(await customer.payment.payOrder({ orderId, token: 'tok_ok' }))
    must(await customer.order.refundOrder({ orderId, businessTime: businessTime + HOUR_MS }))
    const guest = people.guest()
    const own = must(await placeOne(guest, productId))
    must(await guest.payment.payOrder({ orderId: own.orderId, token: 'tok_ok' }))
    expect(codeOf(await guest.order.refundOrder({ orderId: own.orderId, businessTime }))).toBe('forbidden')
    expect(codeOf(await guest.order.refundOrder({ orderId: own.orderId, restock: false }))).toBe('forbidden')
  })

  it('writes down what staff and channels did, and for whom', async () => {
    const productId = await product()
    const channel = await people.channel(boss)
    const exchanged = must(await channel.account.exchangeToken({ guestRef: 'audited' }))
    const customer = people.person(`Bearer ${exchanged.token}`)
    const { orderId } = must(await placeOne(customer, productId))
    const member = await people.member()
    must(await boss.account.grantRole({ memberId: member.memberId, role: 'operator' }))
    must(await placeOne(people.guest(), productId))
    const acts = async (filter: { actor?: string; channelId?: string }) => {
      const found: { operation: string; subject: string; actor: string }[] = []
      let cursor: string | null = null
      do {
        const page: { acts: typeof found; nextCursor: string | null } = must(
          await boss.account.auditTrail({ ...filter, limit: 100, ...(cursor === null ? {} : { cursor }) }),
        )
        found.push(...page.acts)
        cursor = page.nextCursor
      } while (cursor !== null)
      return found
    }
    const ofChannel = await acts({ channelId: channel.channelId })
    expect(ofChannel.some(act => act.subject === orderId)).toBe(true)
    const { id } = must(await boss.account.me({}))
    const ofBoss = await acts({ actor: id })
    const names = new Set(ofBoss.map(act => act.operation.replace(/^.*\./, '')))
    expect([...names].sort()).toEqual(
      expect.arrayContaining(['createChannel', 'createProduct', 'grantRole', 'issueChannelKey']),
    )
    // What is decided in batches is written down under the name of the batch.
    expect(ofBoss.filter(act => act.subject === productId).map(act => act.operation)).toHaveLength(2)
    expect((await acts({})).filter(act => act.actor.startsWith('g_') && act.subject === orderId)).toEqual(
      ofChannel.filter(act => act.actor.startsWith('g_') && act.subject === orderId),
    )
    expect(codeOf(await member.account.auditTrail({}))).toBe('forbidden')
  })

  it('lists the sessions of a member, and ends one, or all', async () => {
    const member = await people.member()
    const { email, password } = member
    const [phone, desk] = [await people.signIn({ email, password }), await people.signIn({ email, password })]
    const { sessions } = must(await member.account.listSessions({}))
    expect(sessions).toHaveLength(3)
    expect(sessions.filter(session => session.current)).toHaveLength(1)
    const ofPhone = must(await phone.account.listSessions({})).sessions.find(session => session.current)!
    const stranger = await people.member()
    expect(codeOf(await stranger.account.revokeSession({ sessionId: ofPhone.sessionId }))).toBe('not_found')
    must(await member.account.revokeSession({ sessionId: ofPhone.sessionId }))
    expect(codeOf(await phone.account.me({}))).toBe('unauthenticated')
    must(await desk.account.me({}))
    must(await member.account.revokeAllSessions({}))
    for (const gone of [member, desk]) expect(codeOf(await gone.account.me({}))).toBe('unauthenticated')
    must(await stranger.account.signOut({}))
    expect(codeOf(await stranger.account.me({}))).toBe('unauthenticated')
  })

  it('lets a changed password end the other sessions', async () => {
    const member = await people.member()
    const { email, password } = member
    const other = await people.signIn({ email, password })
    const newPassword = 'quite another pass phrase'
    expect(codeOf(await member.account.changePassword({ password: 'not this one', newPassword }))).toBe(
      'bad_credentials',
    )
    must(await member.account.changePassword({ password, newPassword }))
    expect(codeOf(await other.account.me({}))).toBe('unauthenticated')
    expect(codeOf(await people.nobody().account.signIn({ email, password }))).toBe('bad_credentials')
    must(await people.nobody().account.signIn({ email, password: newPassword }))
  })

  // Last: this shop is gone afterwards, and another one is started in its place.
  it('answers everything under way when it is told to stop, and ends with 0', async () => {
    const productId = await product(10_000)
    const guest = people.guest()
    // The connections are there already: a request on its way into a closed door is not under way.
    await Promise.all(Array.from({ length: 120 }, () => guest.product.getProduct({ productId })))
    const under = Array.from({ length: 120 }, () => placeOne(guest, productId))
    await Promise.race(under)
    const code = shop.stop()
    const answers = await Promise.all(under)
    expect(await code).toBe(0)
    const codes = new Set(answers.map(codeOf))
    codes.delete('ok')
    codes.delete('shutting_down')
    expect([...codes]).toEqual([])
    const placed = answers.flatMap(answer => (answer.ok ? [answer.value.orderId] : []))
    const [row] = await watch.rows(`SELECT COUNT(*) AS n FROM order_lines WHERE product_id = '${productId}'`)
    expect(Number(row?.n)).toBe(placed.length)
    expect(placed.length).toBeGreaterThan(0)
  })

  it('refuses who asks too often with 429 and the seconds to wait', async () => {
    shop = await place.start({
      LEVEE_RATE_LIMIT_IDENTITY_PER_SECOND: '1',
      LEVEE_RATE_LIMIT_IDENTITY_BURST: '5',
      LEVEE_RATE_LIMIT_ADDRESS_PER_SECOND: '1',
      LEVEE_RATE_LIMIT_ADDRESS_BURST: '40',
    })
    const limited = new Wire(shop.url)
    try {
      const { authorization } = boss
      const ask = (who: string) => limited.send({ method: 'GET', path: '/v1/me', authorization: who })
      const own = await Promise.all(Array.from({ length: 20 }, () => ask(authorization)))
      const refused = own.filter(answer => answer.status === 429)
      expect(refused.length).toBeGreaterThanOrEqual(12)
      for (const { code, headers } of refused) {
        expect(code).toBe('rate_limited')
        expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(1)
      }
      const address = await Promise.all(
        Array.from({ length: 100 }, () => limited.send({ method: 'GET', path: '/v1/products' })),
      )
      const codes = new Set(address.map(answer => answer.code))
      expect(codes).toEqual(new Set(['ok', 'rate_limited']))
    } finally {
      limited.close()
    }
  })
}

onEveryShop('who may do what', suite)
