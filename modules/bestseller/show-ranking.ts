// The ranking as it is shown, and the figures behind it.

import { ReadCache } from '../../platform/cache/read-cache.ts'
import { systemCall } from '../../platform/contract/call.ts'
import { decodeCursor, encodeCursor } from '../../platform/contract/cursor.ts'
import type { Input, Output } from '../../platform/contract/operation.ts'
import { type Result, refuse } from '../../platform/contract/result.ts'
import type { bestsellerContract } from './contract.ts'
import { dayOf, daysBefore, isDay } from './days.ts'
import type { BestsellerDeps, RankingRung } from './deps.ts'
import { dayPage } from './store.ts'

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

/** What a ranking is made of. */
export interface RankingSources {
  readonly rung: RankingRung
  readonly names: ReadCache<string>
}

export async function loadRankings(
  deps: BestsellerDeps,
  sources: RankingSources,
  keys: readonly string[],
): Promise<Map<string, ShownRanking>> {
  const rankings = await Promise.all(keys.map(key => loadRanking(deps, sources, JSON.parse(key) as Question)))
  return new Map(rankings.map((view, i) => [keys[i]!, { view, json: JSON.stringify(view) }]))
}

/** Names in memory, some 100 bytes each: more than all rankings show at a time. */
const NAMES_MOST = 20_000

/** Names of products. They change rarely, and a ranking is made many times a second. */
export function nameCache(deps: BestsellerDeps): ReadCache<string> {
  const staleness = deps.settings.staleness
  return new ReadCache<string>({
    async load(productIds) {
      const call = systemCall('ranking-names', deps.clock())
      const names = await deps.product.namesOf(call, { productIds: [...productIds] })
      return new Map(names.ok ? names.value.names.map(each => [each.productId, each.name]) : [])
    },
    freshFor: staleness / 2,
    staleness,
    negativeFor: 0,
    most: NAMES_MOST,
  })
}

async function loadRanking(
  deps: BestsellerDeps,
  { rung, names }: RankingSources,
  question: Question,
): Promise<RankingView> {
  const now = deps.clock()
  const { asOf, rows } = await rung.top(question)
  const named = await Promise.all(rows.map(row => names.get(row.product_id, now)))
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
      name: named[i] ?? null,
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
