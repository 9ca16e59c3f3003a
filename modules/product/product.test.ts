// The catalogue on real ledgers: compare-and-set, its events, imports, search, pages, and how old a reading may be.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Call, systemCall } from '../../platform/contract/call.ts'
import { ok, type Result, refuse } from '../../platform/contract/result.ts'
import { shortHash } from '../../platform/events/event.ts'
import { createLog } from '../../platform/log/log.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import type { PlatformTables } from '../../platform/sql/platform-tables.ts'
import { onEveryLedger } from '../../tests/support/engines.ts'
import { fixedLadders } from '../../tests/support/fixed-ladders.ts'
import { openScratchLedger, type ScratchLedger } from '../../tests/support/ledgers.ts'
import { createProductModule, productSchema } from './index.ts'

const STALENESS = 2_000
const code = (result: Result<unknown>): string => (result.ok ? 'ok' : result.refusal.code)

let keys = 0
function admin(key = `k${keys++}`): Call {
  return {
    principal: { kind: 'member', id: 'm_admin', roles: ['administrator'], channelId: null, email: null },
    requestId: key,
    deadline: Date.now() + 60_000,
    idempotency: { id: shortHash(key), fingerprint: shortHash(key) },
  }
}

onEveryLedger('products', engine => {
  let scratch: ScratchLedger
  let now = 1_800_000_000_000
  let stockReads = 0
  let stock = 7
  let stockFails = false
  const clock = () => now
  const make = (ledger: Ledger) =>
    createProductModule({
      ledger,
      redis: null,
      prefixes: { redisPrefix: 'test' },
      ladders: fixedLadders({ 'product.cache': 'local' }),
      clock,
      log: createLog({ level: 'silent', name: 'test' }),
      settings: { currency: 'GBP', staleness: STALENESS },
      order: {
        stockOf: async (_call, { productIds }) => {
          stockReads++
          if (stockFails) return refuse('ledger_unavailable', 'gone')
          return ok({ stock: productIds.map(productId => ({ productId, available: stock })) })
        },
      } as Parameters<typeof createProductModule>[0]['order'],
    })
  let product: ReturnType<typeof make>
  let twin: ReturnType<typeof make>
  beforeAll(async () => {
    scratch = await openScratchLedger(engine, [productSchema])
    product = make(scratch.ledger)
    twin = make(await scratch.another())
  })
  afterAll(() => scratch.drop())

  const system = () => systemCall('test', now)
  const add = (productId: string, name = 'a mug', price = 100) =>
    product.door.createProduct(admin(), { productId, name, price })
  const get = (productId: string, on = product) => on.door.getProduct(system(), { productId })
  async function events(productId: string) {
    const db = scratch.ledger.reads<PlatformTables>()
    const rows = await db
      .selectFrom('outbox')
      .selectAll()
      .where('event_key', '=', productId)
      .orderBy('version')
      .execute()
    return rows.map(row => ({ type: row.type, version: row.version, ...(JSON.parse(row.payload) as object) }))
  }
  const cursors: string[] = []
  async function all(input: Parameters<typeof product.door.listProducts>[1]): Promise<string[]> {
    const seen: string[] = []
    let cursor: string | null = null
    do {
      const page = await product.door.listProducts(system(), {
        ...input,
        ...(cursor === null ? {} : { cursor }),
      })
      if (!page.ok) throw new Error(page.refusal.detail)
      expect(page.value.products.length).toBeLessThanOrEqual(input.limit ?? 20)
      seen.push(...page.value.products.map(each => each.productId))
      cursor = page.value.nextCursor
      if (cursor !== null) cursors.push(cursor)
    } while (cursor !== null)
    return seen
  }

  it('makes a product once, with its event; names that differ in case are two', async () => {
    const call = admin()
    const input = { productId: 'P1a', name: 'a mug', price: 100 }
    const first = await product.door.createProduct(call, input)
    expect(first).toMatchObject({ ok: true, value: { productId: 'P1a', version: 1, available: 0 } })
    expect(await twin.door.createProduct(call, input)).toMatchObject(first)
    expect(code(await add('P1a'))).toBe('id_taken')
    expect(code(await add('P1A'))).toBe('ok')
    expect(await events('P1a')).toMatchObject([{ type: 'product.changed', version: 1, price: 100 }])
  })

  it('edits by compare-and-set: of ten at once one, with one event', async () => {
    await add('P2')
    const edits = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        (i % 2 ? product : twin).door.editProduct(admin(), { productId: 'P2', version: 1, price: 200 + i }),
      ),
    )
    expect(edits.filter(result => result.ok)).toHaveLength(1)
    expect(new Set(edits.filter(result => !result.ok).map(code))).toEqual(new Set(['version_conflict']))
    expect(await events('P2')).toMatchObject([
      { version: 1, price: 100 },
      { version: 2, price: 200 + edits.findIndex(result => result.ok) },
    ])
    expect(code(await product.door.editProduct(admin(), { productId: 'none', version: 1 }))).toBe(
      'product_unknown',
    )
  })

  it('changes what is stated and nothing else', async () => {
    await add('P3')
    const edit = (version: number, more: object) =>
      product.door.editProduct(admin(), { productId: 'P3', version, ...more })
    expect(await edit(1, { memberLimit: 2, saleStartsAt: 5 })).toMatchObject({
      value: { name: 'a mug', price: 100, memberLimit: 2, saleStartsAt: 5, onSale: true, version: 2 },
    })
    expect(await edit(2, { onSale: false, memberLimit: null })).toMatchObject({
      value: { memberLimit: null, saleStartsAt: 5, onSale: false, version: 3 },
    })
  })

  it('imports twice: the second time nothing changes and nobody hears', async () => {
    const products = [
      { productId: 'I1', name: 'one', price: 1 },
      { productId: 'I2', name: 'two', price: 2 },
    ]
    expect(await product.door.importProducts(system(), { products })).toMatchObject({
      value: { created: 2, changed: 0 },
    })
    expect(await twin.door.importProducts(system(), { products })).toMatchObject({
      value: { created: 0, changed: 0 },
    })
    expect(await events('I1')).toHaveLength(1)
    const next = [{ productId: 'I2', name: 'two', price: 3 }]
    expect(await twin.door.importProducts(system(), { products: next })).toMatchObject({
      value: { created: 0, changed: 1 },
    })
    expect(await events('I2')).toMatchObject([
      { version: 1, price: 2 },
      { version: 2, price: 3 },
    ])
    expect(await product.door.importProducts(system(), { products: [] })).toMatchObject({ ok: true })
  })

  it('finds by all words, in either case; what means something to SQL means nothing', async () => {
    await add('S1', 'RED Heart lantern')
    await add('S2', 'heart of gold')
    await add('S3', '100% cotton, "fine"; DROP TABLE products')
    await add('S4', 'Café crème')
    expect(await all({ q: 'heart' })).toEqual(['S1', 'S2'])
    expect(await all({ q: 'HEART red' })).toEqual(['S1'])
    expect(await all({ q: 'heart blue' })).toEqual([])
    expect(await all({ q: '100%' })).toEqual(['S3'])
    expect(await all({ q: '%' })).toEqual(['S3'])
    expect(await all({ q: '_' })).toEqual([])
    expect(await all({ q: '\\' })).toEqual([])
    expect(await all({ q: "' OR 1=1 --" })).toEqual([])
    expect(await all({ q: 'CAFÉ' })).toEqual(['S4'])
    expect(await all({ q: 'cafe\u0301' })).toEqual(['S4'])
  })

  it('lists every product once, in pages, by id and by name', async () => {
    for (let i = 0; i < 11; i++) await add(`L${10 + i}`, `same name ${i % 3}`)
    const ids = Array.from({ length: 11 }, (_, i) => `L${10 + i}`)
    expect(await all({ q: 'same name', limit: 3 })).toEqual(ids)
    const byName = await all({ q: 'same name', limit: 3, order: 'name' })
    expect(byName.toSorted()).toEqual(ids)
    expect(byName.slice(0, 4)).toEqual(['L10', 'L13', 'L16', 'L19'])
    expect(code(await product.door.listProducts(system(), { cursor: 'x' }))).toBe('invalid_request')
  })

  it('pages through names of any length and script', async () => {
    const longest = (letter: string) => '𝔘'.repeat(199) + letter
    for (const letter of ['a', 'b', 'c']) expect(code(await add(`W${letter}`, longest(letter)))).toBe('ok')
    // Lower case takes twice the room of upper case.
    expect(code(await add('Wi', `𝔘${'İ'.repeat(199)}`))).toBe('ok')
    cursors.length = 0
    const found = await all({ q: '𝔘', limit: 1, order: 'name' })
    expect(found).toEqual(['Wi', 'Wa', 'Wb', 'Wc'])
    for (const cursor of cursors) expect(cursor.length).toBeLessThanOrEqual(1_200)
    const [byName] = cursors.splice(0)
    expect(code(await product.door.listProducts(system(), { cursor: byName!, order: 'id' }))).toBe(
      'invalid_request',
    )
  })

  it('takes the last of a product named twice in one import', async () => {
    const products = [1, 2].map(price => ({ productId: 'I9', name: 'nine', price }))
    expect(await product.door.importProducts(system(), { products })).toMatchObject({ value: { created: 1 } })
    expect(await get('I9')).toMatchObject({ value: { price: 2 } })
  })

  it('reads a page once for many who ask at once; what is changed here is seen at once', async () => {
    await add('G1', 'goose')
    stockReads = 0
    const list = (on = product) => on.door.listProducts(system(), { q: 'goose' })
    await Promise.all(Array.from({ length: 50 }, () => list()))
    await list(twin)
    expect(stockReads).toBe(2)
    await product.door.editProduct(admin(), { productId: 'G1', version: 1, price: 5 })
    expect(await list()).toMatchObject({ value: { products: [{ price: 5 }] } })
    expect(await list(twin)).toMatchObject({ value: { products: [{ price: 100 }] } })
    now += STALENESS
    expect(await list(twin)).toMatchObject({
      value: { products: [{ price: 5, asOf: now }], nextCursor: null },
    })
  })

  it('shows what an import changed at once', async () => {
    await add('I8', 'eight', 1)
    await get('I8')
    const products = [{ productId: 'I8', name: 'eight', price: 2 }]
    await product.door.importProducts(system(), { products })
    expect(await get('I8')).toMatchObject({ value: { price: 2 } })
  })

  it('tells an editor the stock as it is, not as it was shown', async () => {
    await add('E1')
    await get('E1')
    stock = 3
    const edited = await product.door.editProduct(admin(), { productId: 'E1', version: 1, price: 5 })
    stock = 7
    expect(edited).toMatchObject({ value: { available: 3 } })
  })

  it('is read once for many who ask at once, and never shown older than declared', async () => {
    await add('C1')
    stockReads = 0
    await Promise.all(Array.from({ length: 50 }, () => get('C1')))
    expect(stockReads).toBe(1)
    const edited = await twin.door.editProduct(admin(), { productId: 'C1', version: 1, price: 999 })
    expect(code(edited)).toBe('ok')
    // The other process does not know yet: the declared staleness is its bound.
    now += STALENESS
    expect(await get('C1')).toMatchObject({ value: { price: 999, asOf: now } })
  })

  it('is forgotten at once where it was changed, and where its event arrives', async () => {
    await add('C2')
    await Promise.all([get('C2'), get('C2', twin)])
    await product.door.editProduct(admin(), { productId: 'C2', version: 1, price: 5 })
    expect(await get('C2')).toMatchObject({ value: { price: 5, available: 7 } })
    expect(await get('C2', twin)).toMatchObject({ value: { price: 100 } })
    await twin.consumers[0]!.handle([{ type: 'product.changed', key: 'C2', version: 2, payload: {} }])
    expect(await get('C2', twin)).toMatchObject({ value: { price: 5 } })
  })

  it('remembers for a moment only that there is no such product', async () => {
    expect(code(await get('N1', twin))).toBe('product_unknown')
    await add('N1')
    expect(code(await get('N1'))).toBe('ok')
    now += 1_000
    expect(code(await get('N1', twin))).toBe('ok')
  })

  it('answers nothing rather than a stock of zero that it does not know', async () => {
    await add('U1')
    stockFails = true
    await expect(get('U1')).rejects.toThrow('stock cannot be read')
    stockFails = false
    expect(await get('U1')).toMatchObject({ value: { available: 7 } })
  })
})
