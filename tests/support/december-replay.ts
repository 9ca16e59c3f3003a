// What a replay of the real December needs, and what the shop has to say after it: the totals, clean books, and the figures of
// a reader that shares no code with it.

import { expect } from 'vitest'
import { accountContract } from '../../modules/account/contract.ts'
import { bestsellerContract } from '../../modules/bestseller/contract.ts'
import { createClient } from '../../platform/http/client.ts'
import { DECEMBER } from '../retail/december.ts'
import { readIndependently } from '../retail/independent-reader.ts'
import type { RunningShop, ShopPlace } from './shop.ts'

/** As `levee replay --json` tells them. */
export const DECEMBER_TOTALS = {
  ...{ orders: 1449, paid: 1449, units: 333_088, gross: 71_570_090 },
  ...{ refunds: 266, refundedUnits: 3_041, refundedMoney: 768_287, refused: {} },
} as const

interface Figures {
  units: number
  revenue: number
  refundedUnits: number
  refundedRevenue: number
}

export async function channelKey(
  place: ShopPlace,
  shop: RunningShop,
): Promise<{ key: string; staff: string }> {
  const account = createClient(accountContract, { baseUrl: shop.url })
  const session = await account.signIn(place.administrator!)
  if (!session.ok) throw new Error(session.refusal.detail)
  const staff = `Bearer ${session.value.token}`
  const channel = await account.createChannel({ name: 'till' }, { authorization: staff })
  if (!channel.ok) throw new Error(channel.refusal.detail)
  const issued = await account.issueChannelKey(
    { channelId: channel.value.channelId },
    { authorization: staff },
  )
  if (!issued.ok) throw new Error(issued.refusal.detail)
  return { key: issued.value.key, staff }
}

/** All figures behind the ranking, by `day|country|product`. */
async function salesOf(shop: RunningShop, staff: string): Promise<Map<string, Figures>> {
  const bestseller = createClient(bestsellerContract, { baseUrl: shop.url, authorization: staff })
  const sales = new Map<string, Figures>()
  let cursor: string | undefined
  do {
    const page = await bestseller.salesByDay({ limit: 1000, ...(cursor === undefined ? {} : { cursor }) })
    if (!page.ok) throw new Error(page.refusal.detail)
    for (const { day, country, productId, ...figures } of page.value.rows) {
      sales.set(`${day}|${country}|${productId}`, figures)
    }
    cursor = page.value.nextCursor ?? undefined
  } while (cursor !== undefined)
  return sales
}

export async function expectDecember(place: ShopPlace, shop: RunningShop, staff: string): Promise<void> {
  // The last events are on their way for some milliseconds; then nothing is left to be explained.
  await expect
    .poll(async () => JSON.parse((await place.run('verify', '--json')).stdout), {
      timeout: 20_000,
      interval: 200,
    })
    .toSatisfy((report: { clean: boolean; checks: { explained: number }[] }) => {
      return report.clean && report.checks.every(check => check.explained === 0)
    })
  const truth = await readIndependently(DECEMBER)
  const sales = await salesOf(shop, staff)
  const gross = new Map<string, object>()
  const net = new Map<string, object>()
  for (const [key, row] of sales) {
    gross.set(key, { units: row.units, pence: row.revenue })
    net.set(key, { units: row.units - row.refundedUnits, pence: row.revenue - row.refundedRevenue })
  }
  expect(gross).toEqual(truth.gross.byDayCountryProduct)
  expect(net).toEqual(truth.net.byDayCountryProduct)
}
