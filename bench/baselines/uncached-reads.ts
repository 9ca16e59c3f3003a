// What reads cost without caches: the same queries on the same ledger, one for each request. Prints its port.

import Fastify from 'fastify'
import { dayOf, daysBefore } from '../../modules/bestseller/days.ts'
import { sqlRung } from '../../modules/bestseller/rung-sql.ts'
import { loadRankings, nameCache } from '../../modules/bestseller/show-ranking.ts'
import { stockOf } from '../../modules/order/stock.ts'
import { loadShown } from '../../modules/product/show-products.ts'
import { productRows } from '../../modules/product/store.ts'
import { openLedger } from '../../platform/sql/open-ledger.ts'

const TIME_ZONE = 'Europe/London'
/** Today and the six days before. */
const WEEK_BEFORE = 6
const RANKS = 20
const POOL = 32

const ledger = await openLedger({
  url: process.env.BENCH_MYSQL_URL ?? '',
  dataFolder: '',
  poolSize: POOL,
  lockWait: 2_000,
})
const products = {
  ledger,
  clock: Date.now,
  settings: { currency: 'GBP', staleness: 0 },
  order: {
    stockOf: (_call: unknown, input: { productIds: string[] }) => stockOf({ ledger } as never, input),
  },
}
const rankings = {
  ledger,
  clock: Date.now,
  settings: { timeZone: TIME_ZONE, staleness: 0 },
  product: {
    async namesOf(_call: unknown, { productIds }: { productIds: string[] }) {
      const rows = await productRows(ledger, productIds)
      const names = rows.map(row => ({ productId: row.product_id, name: row.name }))
      return { ok: true, value: { names } }
    },
  },
}
const sources = { rung: sqlRung(rankings), names: nameCache(rankings as never) }

const app = Fastify({ logger: false })
app.get<{ Params: { productId: string } }>('/v1/products/:productId', async (request, reply) => {
  const { productId } = request.params
  const shown = (await loadShown(products as never, [productId])).get(productId)
  return reply.type('application/json').send(shown?.json)
})
app.get<{ Querystring: { period: string; by?: string } }>('/v1/bestsellers', async (request, reply) => {
  const { period, by = 'revenue' } = request.query
  const to = dayOf(Date.now(), TIME_ZONE)
  const from = period === 'week' ? daysBefore(to, WEEK_BEFORE) : to
  const key = JSON.stringify({ period, from, to, by, country: null, limit: RANKS })
  const shown = (await loadRankings(rankings as never, sources, [key])).get(key)
  return reply.type('application/json').send(shown?.json)
})
await app.listen({ host: '127.0.0.1', port: 0 })
const address = app.server.address()
console.log(JSON.stringify({ port: typeof address === 'object' ? address?.port : null }))
process.once('SIGTERM', () => void app.close().then(() => ledger.close()))
