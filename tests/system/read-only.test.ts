// The primary of the ledger is killed, stopped, made read-only: reads go on, from caches and from the replica, and say how old
// they may be; what would change something is refused at once, and nothing of it is lost or done twice afterwards.

import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { ledgerUrls } from '../support/engines.ts'
import { MariadbPair } from '../support/mariadb-pair.ts'
import { codeOf, type Member, must } from '../support/people.ts'
import { Stall } from '../support/stall.ts'

/** Until a move that has to come, ms. */
const SOON = { timeout: 20_000, interval: 20 }
/** What may be heard of a write while the primary goes away. */
const NOT_NOW = new Set([
  'read_only',
  'ledger_unavailable',
  'outcome_unknown',
  'deadline_exceeded',
  'lock_timeout',
])

describe.skipIf(ledgerUrls().length < 2)('while the primary is away', () => {
  let pair: MariadbPair
  let stall: Stall
  let member: Member
  let productId: string
  let orderId: string
  let orders = 0

  beforeAll(async () => {
    pair = await MariadbPair.start()
    stall = await Stall.open(
      { name: 'mariadb', url: pair.url },
      { customers: 4, env: { LEVEE_LEDGER_REPLICA_URL: pair.replicaUrl } },
    )
    ;[member] = (await stall.members(1)) as [Member]
    productId = await stall.product(100_000)
    orderId = await stall.bought(member, productId, 2)
  }, 60_000)
  afterAll(async () => {
    await stall?.close()
    await pair?.drop()
  })
  beforeEach(() => until('primary'))

  const standing = async (): Promise<string> => {
    const { ladders } = must(await stall.boss.ladder.listLadders({}))
    return ladders.find(({ ladder }) => ladder === 'database')!.standing
  }
  const until = (rung: 'primary' | 'read-only') =>
    vi.waitFor(async () => expect(await standing()).toBe(rung), SOON)
  const order = () => stall.order(member, productId, 1, { orderId: `order-${orders++}-${process.pid}` })

  it.each([
    ['killed', () => pair.kill(), () => pair.restart()],
    ['stopped', async () => pair.stop(), async () => pair.goOn()],
    ['read-only itself', () => pair.run('SET GLOBAL read_only=1'), () => pair.run('SET GLOBAL read_only=0')],
  ] as const)(
    'because it is %s, all reads are answered and all writes refused',
    async (_, begin, end) => {
      const reads: string[] = []
      const writes: { began: number; code: string }[] = []
      const tried: string[] = []
      let going = true
      const reader = async (): Promise<void> => {
        while (going) {
          reads.push(codeOf(await member.product.getProduct({ productId })))
          reads.push(codeOf(await member.order.getOrder({ orderId })))
          reads.push(codeOf(await member.bestseller.bestSellers({})))
          reads.push(codeOf(await member.account.me({})))
          reads.push(codeOf(await member.product.listProducts({})))
        }
      }
      const writer = async (): Promise<void> => {
        while (going) {
          const id = `order-${orders++}-${process.pid}`
          tried.push(id)
          const began = Date.now()
          const code = codeOf(await stall.order(member, productId, 1, { orderId: id }, `key-${id}`))
          writes.push({ began, code })
          // As a customer who looks around before the next try.
          reads.push(codeOf(await member.product.getProduct({ productId })))
        }
      }
      const load = [reader(), reader(), writer(), writer()]
      await vi.waitUntil(() => writes.length > 20, SOON)
      await begin()
      await until('read-only')
      const since = Date.now()
      const later = () => writes.filter(({ began }) => began > since).map(({ code }) => code)
      await vi.waitUntil(() => later().length > 20, SOON)
      expect(new Set(later())).toEqual(new Set(['read_only']))
      const now = await order()
      expect(now).toMatchObject({ ok: false, status: 503, refusal: { code: 'read_only', retryAfter: 2 } })
      await end()
      await until('primary')
      going = false
      await Promise.all(load)
      expect(new Set(reads)).toEqual(new Set(['ok']))
      expect(
        [...new Set(writes.map(({ code }) => code))].filter(code => code !== 'ok' && !NOT_NOW.has(code)),
      ).toEqual([])
      // Each that was tried is there, or can be had now: with its key, once.
      for (const id of tried) {
        const again = await stall.order(member, productId, 1, { orderId: id }, `key-${id}`)
        expect(must(again).orderId).toBe(id)
      }
      // One's own writes are seen at once: reads are the primary's again.
      const { orderId: mine } = must(await order())
      expect(must(await member.order.getOrder({ orderId: mine })).orderId).toBe(mine)
      await stall.booksBalance()
    },
    90_000,
  )

  it('what is shown says how old it may be', async () => {
    const quick = await stall.product(7)
    await vi.waitFor(async () =>
      expect(must(await member.product.getProduct({ productId: quick })).available).toBe(7),
    )
    await pair.kill()
    await until('read-only')
    await vi.waitFor(async () => {
      const shown = await fetch(`${stall.shop.url}/v1/products/${quick}`)
      const { asOf, available } = (await shown.json()) as { asOf: number; available: number }
      const age = Number(shown.headers.get('age'))
      expect(age).toBeGreaterThanOrEqual(3)
      expect(Math.abs(age - (Date.now() - asOf) / 1_000)).toBeLessThan(2)
      expect(available).toBe(7)
    }, SOON)
    await pair.restart()
    await until('primary')
  }, 60_000)
})
