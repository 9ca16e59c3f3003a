// What is there when a seed begins: products and their stock, coupons, members with sessions and points.

import { secretHash } from '../../modules/account/secrets.ts'
import { systemCall } from '../../platform/contract/call.ts'
import type { Result } from '../../platform/contract/result.ts'
import { ADMIN, callOf } from './customers.ts'
import type { Engines } from './engines.ts'
import type { Fleet } from './fleet.ts'
import type { ShopProcess } from './shop-process.ts'

export interface Ticket {
  readonly member: string
  readonly couponId: string
  readonly ticket: string
}

export interface Scene {
  readonly products: readonly string[]
  readonly price: number
  readonly coupons: string[]
  readonly members: readonly string[]
  /** By member: the token of a session. */
  readonly tokens: ReadonlyMap<string, string>
  /** Of all claims that were accepted. */
  readonly tickets: Ticket[]
}

const HOUR_MS = 3_600_000
const PRODUCTS = 5
const MEMBERS = 24
const COUPONS = 3
/** To begin with, points. */
const WELCOME = 200

export async function setScene(engines: Engines, fleet: Fleet): Promise<Scene> {
  const { world, ledgerServer } = engines
  const { random } = world
  const products = Array.from({ length: PRODUCTS }, (_, i) => `P${i}`)
  const members = Array.from({ length: MEMBERS }, (_, i) => `m_${i}`)
  const price = 250
  const shop = fleet.any()!
  const now = Math.floor(world.now)
  const must = async <T>(ask: (process: ShopProcess) => Promise<Result<T>>): Promise<T> => {
    const answer = await fleet.ask(shop, HOUR_MS, () => ask(shop))
    if (!answer?.ok) throw new Error(`the scene could not be set: ${answer?.refusal.detail ?? 'no answer'}`)
    return answer.value
  }
  const system = systemCall('scene', now)
  const names = products.map(productId => ({ productId, name: `product ${productId}`, price }))
  await must(({ doors }) => doors!.product.importProducts(system, { products: names }))
  const stock = products.map(productId => ({ productId, initial: 5 + random.below(50), price, version: 1 }))
  await must(({ doors }) => doors!.order.openStock(system, { products: stock }))
  const coupons: string[] = []
  for (let i = 0; i < COUPONS; i++) {
    const terms = {
      ...{ name: `coupon ${i}`, kind: 'percent' as const, value: 10, quota: 2 + random.below(18) },
      ...{ opensAt: now - HOUR_MS, closesAt: now + HOUR_MS, usableUntil: now + HOUR_MS },
    }
    const call = callOf(ADMIN, world, `coupon ${i}`)
    coupons.push((await must(({ doors }) => doors!.coupon.createCoupon(call, terms))).couponId)
  }
  await Promise.all(
    members
      .filter((_, i) => i % 2 === 0)
      .map(memberId => {
        const call = callOf(ADMIN, world, `points ${memberId}`)
        const welcome = { memberId, points: WELCOME, reason: 'welcome' }
        return must(({ doors }) => doors!.point.adjustPoints(call, welcome))
      }),
  )
  const tokens = new Map(members.map(memberId => [memberId, memberId.padEnd(43, 'x').replace('_', '-')]))
  // Signing in costs a second of Argon2, on threads that no virtual clock rules.
  for (const [member, token] of tokens)
    ledgerServer.store
      .prepare(
        'INSERT INTO sessions (token_hash, session_id, member_id, guest_id, channel_id, created_at, last_seen_at, expires_at) VALUES (?,?,?,NULL,NULL,?,?,?)',
      )
      .run(secretHash(token), `s-${member}`, member, now, now, now + 24 * HOUR_MS)
  return { products, price, coupons, members, tokens, tickets: [] }
}
