// The ranking as it is shown, and the figures behind it.

import type { ReadCache } from '../../platform/cache/read-cache.ts'
import { systemCall } from '../../platform/contract/call.ts'
import { decodeCursor, encodeCursor } from '../../platform/contract/cursor.ts'
import type { Input, Output } from '../../platform/contract/operation.ts'
import { type Result, refuse } from '../../platform/contract/result.ts'
import { deliveredUpTo } from '../../platform/events/delivered-up-to.ts'
import type { bestsellerContract } from './contract.ts'
import { dayOf, daysBefore, isDay } from './days.ts'
import type { BestsellerDeps } from './deps.ts'
import { dayPage, topRows } from './store.ts'

export type RankingView = Output<typeof bestsellerContract.bestSellers>
export interface ShownRanking {
  readonly view: RankingView
  readonly json: string
}

type Asked = Input<typeof bestsellerContract.bestSellers>
const PAGE = 20
/** Today and the six days before. */
const WEEK_BEFORE = 6

/** What is asked for, as the cache's key: the days are in it, so that midnight is not missed. */
interface Question {
  readonly period: 'today' | 'week' | 'day'
  readonly from: string
  readonly to: string
  readonly by: 'revenue' | 'units'
  readonly country: string | null
  readonly limit: number
}

export async function bestSellers(
  deps: BestsellerDeps,
  cache: ReadCache<ShownRanking>,
  input: Asked,
): Promise<Result<RankingView>> {
  const now = deps.clock()
  const { period = 'today', by = 'revenue', country = null, limit = PAGE } = input
  if ((period === 'day') !== (input.day !== undefined))
    return refuse('invalid_request', '`day` goes with period `day`.')
  if (input.day !== undefined && !isDay(input.day)) return refuse('invalid_request', 'There is no such day.')
  const to = input.day ?? dayOf(now, deps.settings.timeZone)
  const from = period === 'week' ? daysBefore(to, WEEK_BEFORE) : to
  const question: Question = { period, from, to, by, country, limit }
  const key = JSON.stringify(question)
  const shown = cache.peek(key, now)?.value ?? (await cache.get(key, now))
  if (shown === undefined) throw new Error('a ranking was not loaded')
  return { ok: true, value: shown.view, json: shown.json }
}

export async function loadRankings(
  deps: BestsellerDeps,
  keys: readonly string[],
): Promise<Map<string, ShownRanking>> {
  const rankings = await Promise.all(keys.map(key => loadRanking(deps, JSON.parse(key) as Question)))
  return new Map(rankings.map((view, i) => [keys[i]!, { view, json: JSON.stringify(view) }]))
}

async function loadRanking(deps: BestsellerDeps, question: Question): Promise<RankingView> {
  const asOf = await deliveredUpTo(deps.ledger, deps.clock())
  const rows = await topRows(deps.ledger, question)
  const productIds = rows.map(row => row.product_id)
  const names = await deps.product.namesOf(systemCall('ranking-names', asOf), { productIds })
  const nameOf = new Map(names.ok ? names.value.names.map(each => [each.productId, each.name]) : [])
  return {
    period: question.period,
    from: question.from,
    to: question.to,
    timeZone: deps.settings.timeZone,
    by: question.by,
    country: question.country,
    asOf,
    rows: rows.map((row, i) => ({
      rank: i + 1,
      productId: row.product_id,
      name: nameOf.get(row.product_id) ?? null,
      units: row.units - row.refunded_units,
      revenue: row.revenue - row.refunded_revenue,
      refundedUnits: row.refunded_units,
      refundedRevenue: row.refunded_revenue,
    })),
  }
}

const DAYS_PAGE = 100

export async function salesByDay(
  deps: BestsellerDeps,
  input: Input<typeof bestsellerContract.salesByDay>,
): Promise<Result<Output<typeof bestsellerContract.salesByDay>>> {
  const cursor =
    input.cursor === undefined ? undefined : decodeCursor(input.cursor, ['string', 'string', 'string'])
  if (cursor === null) return refuse('invalid_request', 'This cursor is none of ours.')
  const [day, country, productId] = (cursor ?? []) as string[]
  const after = cursor === undefined ? null : { day: day!, country: country!, productId: productId! }
  const limit = input.limit ?? DAYS_PAGE
  const range = { from: input.from ?? '0000-00-00', to: input.to ?? '9999-99-99' }
  const rows = await dayPage(deps.ledger, range, after, limit + 1)
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  const more = rows.length > limit && last !== undefined
  return {
    ok: true,
    value: {
      rows: page.map(row => ({
        day: row.day,
        country: row.country,
        productId: row.product_id,
        units: row.units,
        revenue: row.revenue,
        refundedUnits: row.refunded_units,
        refundedRevenue: row.refunded_revenue,
      })),
      nextCursor: more ? encodeCursor([last.day, last.country, last.product_id]) : null,
    },
  }
}
