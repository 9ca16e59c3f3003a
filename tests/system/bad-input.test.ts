// Bad input, row by row: each with its code, and nothing changed; what is accepted comes back byte for byte.

import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { DECEMBER } from '../retail/december.ts'
import { LedgerWatch } from '../support/fingerprint.ts'
import { codeOf, type Member, must, People, type Person } from '../support/people.ts'
import { type RawAnswer, Wire } from '../support/raw.ts'
import { NASTY } from '../support/schema-arbitrary.ts'
import { type RunningShop, ShopPlace } from '../support/shop.ts'
import { onEveryShop, type ShopKind } from '../support/shop-kinds.ts'

const HOUR_MS = 3_600_000
const TOO_MUCH = 2 ** 53
const HEADER = 'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country'
/** Control characters are no line of text, and nothing is none either. */
const isLine = (text: string) => text !== '' && [...text].every(one => one >= ' ' && one !== '\u007f')

function suite(engine: ShopKind): void {
  let place: ShopPlace
  let shop: RunningShop
  let people: People
  let wire: Wire
  let watch: LedgerWatch
  let boss: Person
  let guest: Person
  let member: Member & { email: string; password: string }
  let productId: string
  let made = 0

  beforeAll(async () => {
    place = await ShopPlace.open({ engine })
    shop = await place.start()
    people = People.of(place, shop)
    wire = new Wire(shop.url)
    watch = await LedgerWatch.open(place)
    boss = await people.signIn(place.administrator!)
    guest = people.guest()
    member = await people.member()
    productId = await product(100)
  })
  afterAll(async () => {
    wire?.close()
    await watch?.close()
    await place?.drop()
  })

  async function product(price: number): Promise<string> {
    const id = `b-${made++}`
    must(await boss.product.createProduct({ productId: id, name: 'A thing', price }))
    await vi.waitFor(
      async () => must(await boss.order.adjustStock({ productId: id, change: 100_000, reason: 'delivered' })),
      { timeout: 10_000 },
    )
    return id
  }
  const order = (quantity: number, more: object = {}) => ({
    lines: [{ productId, quantity }],
    expectedTotal: quantity * 100,
    ...more,
  })
  const post = (to: string, body: string, headers: Record<string, string> = {}): Promise<RawAnswer> =>
    wire.send({ method: 'POST', path: to, body, authorization: guest.authorization, headers })

  /** All of it is refused with these codes, and the ledger is what it was. */
  async function refused(rows: readonly (readonly [string, string, () => Promise<string>])[]): Promise<void> {
    const before = await watch.atRest()
    const told: (readonly [string, string])[] = []
    for (const [what, , ask] of rows) told.push([what, await ask()])
    expect(told).toEqual(rows.map(([what, code]) => [what, code]))
    expect(await watch.atRest()).toEqual(before)
  }

  it('refuses bodies that are no JSON, of another type, or too long', async () => {
    const good = JSON.stringify(order(1))
    const bodies: readonly (readonly [string, string, string, Record<string, string>?])[] = [
      ['cut short', 'malformed_body', good.slice(0, -3)],
      ['nothing', 'invalid_request', ''],
      ['half a character', 'malformed_body', good.replace('"lines"', '"country":"\\ud800","lines"')],
      ['a comma too many', 'malformed_body', `${good.slice(0, -1)},}`],
      ['XML', 'malformed_body', '<order/>'],
      ['__proto__', 'malformed_body', `${good.slice(0, -1)},"__proto__":{"x":1}}`],
      ['a list', 'invalid_request', '[]'],
      ['a text', 'invalid_request', '"order"'],
      ['null', 'invalid_request', 'null'],
      ['no JSON type', 'unsupported_media_type', good, { 'content-type': 'text/plain' }],
      ['a form', 'unsupported_media_type', 'a=b', { 'content-type': 'application/x-www-form-urlencoded' }],
      ['300 KiB', 'body_too_large', JSON.stringify({ ...order(1), country: 'x'.repeat(300 * 1024) })],
      ['deep', 'malformed_body', '['.repeat(100_000)],
    ]
    await refused(
      bodies.map(([what, code, body, headers]) => [
        what,
        code,
        async () => (await post('/v1/orders', body, headers)).code,
      ]),
    )
    const noKey = { 'idempotency-key': 'short' }
    await refused([
      ['a short key', 'idempotency_key_required', async () => (await post('/v1/orders', good, noKey)).code],
    ])
  })

  it('refuses wrong types, and quantities that are none', async () => {
    const quantities = [0, -1, 1.5, TOO_MUCH, 100_001, '1', null, true, [1], { $gt: 0 }]
    const bodies = [
      ...quantities.map(quantity => ({ lines: [{ productId, quantity }], expectedTotal: 100 })),
      { ...order(1), expectedTotal: TOO_MUCH },
      { ...order(1), expectedTotal: -1 },
      { ...order(1), expectedTotal: '100' },
      { ...order(1), points: 0.5 },
      { ...order(1), points: -1 },
      { ...order(1), lines: [] },
      { ...order(1), lines: 'all' },
      { ...order(1), lines: Array.from({ length: 1_001 }, () => ({ productId, quantity: 1 })) },
      { ...order(1), total: 1 },
      { expectedTotal: 100 },
      { ...order(1), orderId: 'short' },
      { ...order(1), orderId: "x'; DROP TABLE orders; --" },
      { ...order(1), email: 'nobody' },
      { ...order(1), email: 'a@b\r\nBcc: c@d' },
    ]
    await refused(
      bodies.map(body => [
        JSON.stringify(body).slice(0, 100),
        'invalid_request',
        async () => (await post('/v1/orders', JSON.stringify(body))).code,
      ]),
    )
  })

  it('refuses amounts that the shop cannot book', async () => {
    const dear = 1_000_000_000_000
    const expensive = await product(dear)
    const { productId: cheap } = { productId }
    await refused([
      [
        'more than an amount may be',
        'amount_too_large',
        async () =>
          codeOf(
            await guest.order.placeOrder({
              lines: [{ productId: expensive, quantity: 100_000 }],
              expectedTotal: dear,
            }),
          ),
      ],
      [
        'two lines that are too much together',
        'amount_too_large',
        async () =>
          codeOf(
            await guest.order.placeOrder({
              lines: [
                { productId: expensive, quantity: 1 },
                { productId: cheap, quantity: 1 },
              ],
              expectedTotal: dear,
            }),
          ),
      ],
      [
        'a price above the limit',
        'invalid_request',
        async () =>
          codeOf(await boss.product.createProduct({ productId: 'too-dear', name: 'x', price: dear + 1 })),
      ],
      [
        'stock below zero',
        'stock_below_zero',
        async () =>
          codeOf(await boss.order.adjustStock({ productId, change: -1_000_000, reason: 'too many' })),
      ],
      [
        'points below zero',
        'insufficient_points',
        async () =>
          codeOf(
            await boss.point.adjustPoints({ memberId: member.memberId, points: -1, reason: 'too many' }),
          ),
      ],
    ])
  })

  it('knows no id that does not exist, and shows nobody what is another’s', async () => {
    const { orderId } = must(await member.order.placeOrder(order(1)))
    const mine = must(await guest.order.placeOrder(order(1)))
    const unknown = 'does-not-exist-0001'
    const lines = [{ productId: unknown, quantity: 1 }]
    const own = [{ lineNo: 7, quantity: 1 }]
    await refused([
      [
        'product',
        'product_unknown',
        async () => codeOf(await guest.product.getProduct({ productId: unknown })),
      ],
      [
        'product of an order',
        'product_unknown',
        async () => codeOf(await guest.order.placeOrder({ lines, expectedTotal: 1 })),
      ],
      [
        'another case',
        'product_unknown',
        async () => codeOf(await guest.product.getProduct({ productId: productId.toUpperCase() })),
      ],
      ['order', 'not_found', async () => codeOf(await guest.order.getOrder({ orderId: unknown }))],
      [
        'order cancelled',
        'not_found',
        async () => codeOf(await guest.order.cancelOrder({ orderId: unknown })),
      ],
      [
        'order refunded',
        'not_found',
        async () => codeOf(await guest.order.refundOrder({ orderId: unknown })),
      ],
      [
        'order paid',
        'not_found',
        async () => codeOf(await guest.payment.payOrder({ orderId: unknown, token: 'tok_ok' })),
      ],
      ['coupon', 'coupon_unknown', async () => codeOf(await guest.coupon.getCoupon({ couponId: unknown }))],
      [
        'coupon claimed',
        'coupon_unknown',
        async () => codeOf(await member.coupon.claimCoupon({ couponId: unknown })),
      ],
      [
        'member',
        'not_found',
        async () => codeOf(await boss.account.grantRole({ memberId: unknown, role: 'operator' })),
      ],
      ['stock', 'product_unknown', async () => codeOf(await boss.order.getStock({ productId: unknown }))],
      ['another’s order', 'not_found', async () => codeOf(await guest.order.getOrder({ orderId }))],
      ['another’s to cancel', 'not_found', async () => codeOf(await guest.order.cancelOrder({ orderId }))],
      [
        'another’s to pay',
        'not_found',
        async () => codeOf(await guest.payment.payOrder({ orderId, token: 'tok_ok' })),
      ],
      [
        'another’s order id',
        'id_taken',
        async () => codeOf(await guest.order.placeOrder(order(1, { orderId }))),
      ],
      [
        'a refund before payment',
        'order_state',
        async () => codeOf(await guest.order.refundOrder({ orderId: mine.orderId })),
      ],
      [
        'a line that is not there',
        'quantity_exceeded',
        async () => codeOf(await guest.order.cancelOrder({ orderId: mine.orderId, lines: own })),
      ],
      ['no such path', 'not_found', async () => (await post('/v1/nothing', '{}')).code],
      [
        'no such method',
        'method_not_allowed',
        async () => (await wire.send({ method: 'DELETE', path: '/v1/products' })).code,
      ],
      [
        'a path that is no text',
        'malformed_request',
        async () => (await wire.send({ method: 'GET', path: '/v1/products/%ff' })).code,
      ],
      [
        'a part of a path without end',
        'invalid_request',
        async () => (await wire.send({ method: 'GET', path: `/v1/products/${'x'.repeat(2_000)}` })).code,
      ],
    ])
  })

  it('claims no coupon outside its window, and takes none where it is not usable', async () => {
    const now = Date.now()
    const coupon = async (opensAt: number, closesAt: number, usableUntil: number) =>
      must(
        await boss.coupon.createCoupon({
          ...{ name: 'Off', kind: 'amount', value: 10, quota: 5 },
          ...{ opensAt, closesAt, usableUntil },
        }),
      ).couponId
    const early = await coupon(now + HOUR_MS, now + 2 * HOUR_MS, now + 3 * HOUR_MS)
    const late = await coupon(now - 2 * HOUR_MS, now - HOUR_MS, now + HOUR_MS)
    const open = await coupon(now - HOUR_MS, now + HOUR_MS, now + HOUR_MS)
    await refused([
      [
        'too early',
        'coupon_not_open',
        async () => codeOf(await member.coupon.claimCoupon({ couponId: early })),
      ],
      [
        'too late',
        'coupon_not_open',
        async () => codeOf(await member.coupon.claimCoupon({ couponId: late })),
      ],
      [
        'closes before it opens',
        'invalid_request',
        async () =>
          codeOf(
            await boss.coupon.createCoupon({
              ...{ name: 'Never', kind: 'amount', value: 10, quota: 5 },
              ...{ opensAt: now, closesAt: now - 1, usableUntil: now },
            }),
          ),
      ],
    ])
    const stock = () => boss.order.getStock({ productId })
    const { available, reserved } = must(await stock())
    const unclaimed = await member.order.placeOrder(order(1, { couponId: open, expectedTotal: 90 }))
    expect(codeOf(unclaimed)).toBe('coupon_not_usable')
    expect(must(await stock())).toMatchObject({ available, reserved })
    must(await member.coupon.claimCoupon({ couponId: open }))
    expect(codeOf(await member.coupon.claimCoupon({ couponId: open }))).toBe('coupon_already_claimed')
  })

  it('repeats a key to its owner only, and never with other content', async () => {
    const key = { idempotencyKey: `a-key-used-twice-${engine.name}` }
    const first = must(await guest.order.placeOrder(order(1), key))
    const { orderId } = must(await member.order.placeOrder(order(2), key))
    expect(orderId).not.toBe(first.orderId)
    await refused([
      [
        'other content',
        'idempotency_key_reused',
        async () => codeOf(await guest.order.placeOrder(order(3), key)),
      ],
      ['the same again', 'ok', async () => codeOf(await guest.order.placeOrder(order(1), key))],
      [
        'somebody else’s order with the key that made it',
        'not_found',
        async () => codeOf(await guest.order.cancelOrder({ orderId }, key)),
      ],
    ])
    expect(must(await guest.order.placeOrder(order(1), key))).toEqual(first)
  })

  it('knows no session that has expired or was ended', async () => {
    const { email, password } = member
    const [old, ended] = [await people.signIn({ email, password }), await people.signIn({ email, password })]
    must(await ended.account.signOut({}))
    // Nobody waits for thirty days: the ledger says that they are over.
    const hash = await sessionHash(old)
    await watch.rows(`UPDATE sessions SET expires_at = 1 WHERE token_hash = '${hash}'`)
    await vi.waitFor(async () => expect(codeOf(await old.account.me({}))).toBe('unauthenticated'), 10_000)
    await refused([
      ['expired', 'unauthenticated', async () => codeOf(await old.order.placeOrder(order(1)))],
      ['ended', 'unauthenticated', async () => codeOf(await ended.order.placeOrder(order(1)))],
    ])
  })

  /** The row of the newest session of this person. */
  async function sessionHash(person: Person): Promise<string> {
    const { sessions } = must(await person.account.listSessions({}))
    const { sessionId } = sessions.find(session => session.current)!
    const [row] = await watch.rows(`SELECT token_hash FROM sessions WHERE session_id = '${sessionId}'`)
    return String(row!.token_hash)
  }

  it('sells nothing that was withdrawn, or is not on sale yet', async () => {
    const [gone, soon] = [await product(100), await product(100)]
    const edit = async (id: string, change: object) => {
      const { version } = must(await boss.product.getProduct({ productId: id }))
      must(await boss.product.editProduct({ productId: id, version, ...change }))
    }
    await edit(gone, { onSale: false })
    await edit(soon, { saleStartsAt: Date.now() + HOUR_MS })
    const buy = async (id: string) =>
      codeOf(await guest.order.placeOrder({ lines: [{ productId: id, quantity: 1 }], expectedTotal: 100 }))
    await watch.atRest()
    await refused([
      ['withdrawn', 'product_withdrawn', () => buy(gone)],
      ['not on sale yet', 'not_on_sale_yet', () => buy(soon)],
      [
        'an old version',
        'version_conflict',
        async () => codeOf(await boss.product.editProduct({ productId: gone, version: 1, name: 'x' })),
      ],
    ])
  })

  it('keeps every text byte for byte, or refuses it', async () => {
    const texts = [...NASTY, 'x'.repeat(100), '🧦'.repeat(100)]
    for (const [i, text] of texts.entries()) {
      // Half a pair of surrogates has no bytes in UTF-8: see below.
      if (!text.isWellFormed()) continue
      const id = `text-${i}`
      const created = await boss.product.createProduct({ productId: id, name: text, price: 1 })
      const expected = isLine(text) ? 'ok' : 'invalid_request'
      expect([text, codeOf(created)]).toEqual([text, expected])
      const channel = await boss.account.createChannel({ name: text })
      expect([text, codeOf(channel)]).toEqual([text, expected])
      const placed = await guest.order.placeOrder(order(1, { country: text.slice(0, 40).toWellFormed() }))
      expect([text, codeOf(placed)]).toEqual([text, expected])
      if (!created.ok || !channel.ok || !placed.ok) continue
      const [inLedger] = await watch.rows(`SELECT name FROM products WHERE product_id = '${id}'`)
      expect(Buffer.from(String(inLedger!.name)).equals(Buffer.from(text))).toBe(true)
      expect(must(await guest.product.getProduct({ productId: id })).name).toBe(text)
      const { channels } = must(await boss.account.listChannels({ limit: 1 }))
      expect(channels[0]!.name).toBe(text)
      const { orderId } = placed.value
      expect(must(await guest.order.getOrder({ orderId })).country).toBe(text.slice(0, 40).toWellFormed())
      const reason = `because ${text}`
      expect(must(await guest.order.cancelOrder({ orderId, reason })).reason).toBe(reason)
      // Its stock is opened by an event.
      await vi.waitFor(
        async () => must(await boss.order.adjustStock({ productId: id, change: 1, reason })),
        10_000,
      )
      const { changes } = must(await boss.order.stockJournal({ productId: id, limit: 1 }))
      expect(changes[0]!.reason).toBe(reason)
    }
    const [orders] = await watch.rows('SELECT COUNT(*) AS n FROM orders')
    expect(Number(orders!.n)).toBeGreaterThan(0)
  })

  it('finds products by any text without taking it for more than text', async () => {
    for (const q of NASTY) {
      const found = await guest.product.listProducts({ q: q.toWellFormed() })
      expect([q, codeOf(found)]).toEqual([q, isLine(q) ? 'ok' : 'invalid_request'])
    }
  })

  it('imports no file that is damaged, and reads Latin-1 and UTF-8', async () => {
    const file = (name: string, content: string | Uint8Array): string => {
      const at = path.join(place.folder, name)
      writeFileSync(at, content)
      return at
    }
    const row = (code: string, name: string) =>
      `536365,${code},${name},6,01/12/2010 08:26,2.55,17850,United Kingdom`
    const good = [HEADER, row('90003', 'LANTERN'), ''].join('\n')
    const december = readFileSync(DECEMBER)
    const broken = Buffer.from(december)
    broken.fill(0xff, 1_000, 1_100)
    const bad = [
      ['truncated_gzip', file('cut.csv.gz', december.subarray(0, december.length - 100))],
      ['gzip', file('damaged.csv.gz', broken)],
      ['not_gzip', file('plain.csv.gz', good)],
      ['wrong_columns', file('columns.csv', 'a,b,c\n1,2,3\n')],
      ['wrong_columns', file('order.csv', good.replace('InvoiceNo,StockCode', 'StockCode,InvoiceNo'))],
      ['malformed_row', file('short.csv', `${HEADER}\n536365,90003,LANTERN\n`)],
      ['malformed_number', file('number.csv', good.replace(',6,', ',six,'))],
      ['unreadable', path.join(place.folder, 'absent.csv.gz')],
    ] as const
    const before = await watch.atRest()
    const runs = await Promise.all(
      bad.map(async ([code, at]) => ({ code, at, run: await place.run('import', at, '--json') })),
    )
    for (const { code, at, run } of runs) {
      expect([path.basename(at), run.code, run.stdout]).toEqual([path.basename(at), 2, ''])
      expect(run.stderr).toContain(code)
    }
    expect(await watch.atRest()).toEqual(before)
    const texts = [row('90001', 'CAFÉ ½ £'), row('90002A', 'CAFÉ ½ £ 🧦')]
    const accepted = [
      file('latin1.csv.gz', gzipSync(Buffer.from([HEADER, texts[0], ''].join('\n'), 'latin1'))),
      file('utf8.csv', `\ufeff${HEADER}\r\n${texts[1]}\r\n`),
    ]
    for (const at of accepted) expect((await place.run('import', at, '--json')).code).toBe(0)
    const nameOf = async (id: string) => must(await guest.product.getProduct({ productId: id })).name
    expect(await nameOf('90001')).toBe('CAFÉ ½ £')
    expect(await nameOf('90002A')).toBe('CAFÉ ½ £ 🧦')
  })
}

onEveryShop('bad input', suite)
