// The commands around a retail file, as processes against a real shop: what is imported, what a replay that is begun
// again finds, and what each says when it cannot go on. The whole December is in december.test.ts.

import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { accountContract } from '../../modules/account/contract.ts'
import { orderContract } from '../../modules/order/contract.ts'
import { createClient } from '../../platform/http/client.ts'
import { openLedger } from '../../platform/sql/open-ledger.ts'
import type { PlatformTables } from '../../platform/sql/platform-tables.ts'
import { type RunningShop, ShopPlace } from '../support/shop.ts'
import { onEveryShop, type ShopKind } from '../support/shop-kinds.ts'

/** Member 1 buys twice and gives all of the first and some of both back; member 2 buys; a guest buys; the rest is none. */
const LINES = [
  'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country',
  '7,10001,RED CUP,3,01/12/2010 08:26,2.50,101,United Kingdom',
  '7,10002,BLUE CUP,2,01/12/2010 08:26,1.00,101,United Kingdom',
  '7,POST,POSTAGE,1,01/12/2010 08:26,18.00,101,United Kingdom',
  '500002,10001,RED CUP,4,01/12/2010 09:00,2.60,102,France',
  '500003,10003,GREEN CUP,5,01/12/2010 23:59,0.99,,EIRE',
  'C500004,10001,RED CUP,-3,02/12/2010 10:00,2.50,101,United Kingdom',
  'C500004,10002,BLUE CUP,-2,02/12/2010 10:00,1.00,101,United Kingdom',
  '500005,10003,GREEN CUP,2,02/12/2010 11:00,1.00,102,France',
  '500006,10003,GREEN CUP,1,02/12/2010 12:00,1.10,102,France',
  'C500007,10003,GREEN CUP,-2,03/12/2010 10:00,1.10,102,France',
  '500008,10002,?,-9,03/12/2010 10:00,0,,United Kingdom',
  '500009,10002,,6,03/12/2010 10:01,0,,United Kingdom',
]
const TOTALS = {
  ...{ orders: 5, paid: 5, units: 17, gross: 750 + 200 + 1_040 + 495 + 200 + 110 },
  ...{ refunds: 4, refundedUnits: 7, refundedMoney: 750 + 200 + 110 + 100, netUnits: 10, refused: {} },
}
/** Short, so that an order can be left to expire; a replay that is this slow would order once more. */
const PAYMENT_WINDOW_S = 4
/** Some commands of a second each, and an expiry. */
const PATIENCE_MS = 60_000

function suite(engine: ShopKind): void {
  let place: ShopPlace
  let shop: RunningShop
  let file: string
  let key: string
  let port: string

  beforeAll(async () => {
    place = await ShopPlace.open({
      engine,
      env: { LEVEE_ORDER_PAYMENT_WINDOW: String(PAYMENT_WINDOW_S) },
    })
    file = path.join(place.folder, 'lines.csv.gz')
    writeFileSync(file, gzipSync(LINES.join('\r\n')))
    shop = await place.start()
    port = new URL(shop.url).port
  }, PATIENCE_MS)
  afterAll(() => place.drop())

  const replay = (...more: string[]) =>
    place.run('replay', file, '--url', shop.url, '--key', key, '--json', ...more)
  async function replayed(...more: string[]): Promise<Record<string, unknown>> {
    const { code, stdout, stderr } = await replay(...more)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    return JSON.parse(stdout)
  }
  async function expectBooks(): Promise<void> {
    await expect
      .poll(async () => JSON.parse((await place.run('verify', '--json')).stdout), {
        timeout: 20_000,
        interval: 200,
      })
      .toSatisfy((report: { clean: boolean; checks: { explained: number }[] }) => {
        return report.clean && report.checks.every(check => check.explained === 0)
      })
  }

  it('a channel is created by its command', async () => {
    const { email, password } = place.administrator!
    // The password is read from the environment of the command.
    const made = await place.runWith({ LEVEE_ADMIN_PASSWORD: password }, ...channel(email))
    expect(made).toMatchObject({ code: 0, stderr: '' })
    key = made.stdout.trim()
    expect(key.length).toBeGreaterThan(20)
    const wrong = await place.runWith({ LEVEE_ADMIN_PASSWORD: 'wrong-password' }, ...channel(email))
    expect(wrong).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('bad_credentials') })
    const none = await place.run(...channel(email))
    expect(none).toMatchObject({
      ...{ code: 2, stdout: '' },
      stderr: expect.stringContaining('LEVEE_ADMIN_PASSWORD'),
    })
  })
  const channel = (email: string) => ['channel', 'create', 'till', '--url', shop.url, '--email', email]

  it('what the shop refuses is counted by code, and the exit code is 1', async () => {
    const { code, stdout } = await replay()
    expect(code).toBe(1)
    const { refused, orders } = JSON.parse(stdout)
    expect(orders).toBe(0)
    // Nobody and nothing is there yet.
    expect(refused).toMatchObject({ not_found: { count: 7 }, product_unknown: { count: 1 } })
  })

  it('an import counts every line once; a second one changes nothing and says so', async () => {
    const first = await place.run('import', file, '--json')
    expect(first.code).toBe(0)
    expect(JSON.parse(first.stdout)).toEqual({
      lines: 12,
      byClass: { sale: 6, cancellation: 3, not_goods: 1, no_quantity: 1, no_price: 1 },
      products: { inFile: 3, created: 3, changed: 0, stockOpened: 3 },
      members: { inFile: 2, imported: 2 },
    })
    const second = await place.run('import', file)
    expect(second).toMatchObject({ code: 0, stdout: expect.stringContaining('Nothing changed') })
  })

  it('a replay goes on where an earlier one was interrupted, even if an order has expired meanwhile', async () => {
    // As a replay that was killed between ordering and paying has left it.
    const account = createClient(accountContract, { baseUrl: shop.url })
    const exchanged = await account.exchangeToken({ memberRef: '101' }, { authorization: `Channel ${key}` })
    if (!exchanged.ok) throw new Error(exchanged.refusal.detail)
    const authorization = `Bearer ${exchanged.value.token}`
    const order = createClient(orderContract, { baseUrl: shop.url, authorization })
    const orderId = 'inv-7___'
    const businessTime = Date.parse('2010-12-01T08:26:00Z')
    const lines = [
      { productId: '10001', quantity: 3, unitPrice: 250 },
      { productId: '10002', quantity: 2, unitPrice: 100 },
    ]
    const placed = await order.placeOrder(
      { orderId, lines, expectedTotal: 950, country: 'United Kingdom', businessTime },
      { idempotencyKey: `replay-${orderId}` },
    )
    expect(placed).toMatchObject({ ok: true, value: { state: 'placed' } })
    const state = async () => {
      const found = await order.getOrder({ orderId })
      return found.ok && found.value.state
    }
    await expect.poll(state, { timeout: 20_000, interval: 200 }).toBe('expired')
    expect(await replayed()).toMatchObject(TOTALS)
    await expectBooks()
  })

  it('a replay of what is replayed ends the same and does nothing twice', async () => {
    expect(await replayed('--clients', '1')).toMatchObject(TOTALS)
    await expectBooks()
  })

  it('and so does one after the first answers are forgotten, however slow the limits of the shop make it', async () => {
    expect(await shop.stop()).toBe(0)
    const ledger = await openLedger({
      ...{ url: place.env.LEVEE_MYSQL_URL ?? '', dataFolder: place.env.LEVEE_DATA_FOLDER! },
      ...{ poolSize: 1, lockWait: 1_000 },
    })
    await ledger.write<PlatformTables, unknown>(tx => tx.deleteFrom('idempotency').execute())
    await ledger.close()
    const limits = { LEVEE_RATE_LIMIT_IDENTITY_PER_SECOND: '20', LEVEE_RATE_LIMIT_IDENTITY_BURST: '2' }
    shop = await place.start({ LEVEE_HTTP_PORT: port, ...limits })
    expect(await replayed()).toMatchObject(TOTALS)
    await expectBooks()
  })

  it('without a shop, a ledger, a file or a key it says so, each with its exit code', async () => {
    await shop.stop()
    const said = async (code: number, words: RegExp, ...args: string[]) => {
      expect(await place.run(...args)).toMatchObject({
        code,
        stdout: '',
        stderr: expect.stringMatching(words),
      })
    }
    await said(
      3,
      /did not answer.*Start again/,
      ...['replay', file, '--url', shop.url, '--key', key, '--patience', '1'],
    )
    await said(2, /channel key is needed/, 'replay', file)
    await said(2, /written like http/, 'replay', file, '--key', key, '--url', 'nonsense')
    await said(2, /no such file/, 'replay', `${file}.none`, '--key', key)
    await said(2, /no such file/, 'import', `${file}.none`)
    await said(
      3,
      /cannot be opened/,
      ...['import', file, '--set', 'ledger.url=mysql://root@127.0.0.1:1/none'],
    )
    await said(3, /cannot be read/, ...['verify', '--set', 'ledger.url=mysql://root@127.0.0.1:1/none'])
    const nothing = ['--set', 'ledger.url=', '--set', `data.folder=${path.join(place.folder, 'none')}`]
    await said(3, /no ledger .* start the shop once/, 'verify', ...nothing)
  })
}

onEveryShop('import and replay', suite)
