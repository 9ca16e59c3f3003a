// The honest yardstick: Fastify with the order's schema and payload and nothing behind it, no logging; and GETs that
// answer what the shop answered. Prints its port.

import { readFileSync } from 'node:fs'
import Fastify from 'fastify'
import { bestsellerContract } from '../../modules/bestseller/contract.ts'
import { orderContract } from '../../modules/order/contract.ts'
import { productContract } from '../../modules/product/contract.ts'

/** What to answer to a GET, by path with query: documents of the shop, taken before. */
const answers = new Map<string, object>(
  Object.entries(JSON.parse(readFileSync(process.env.BENCH_ANSWERS ?? '', 'utf8')) as Record<string, object>),
)
const placed = { orderId: 'o-1', state: 'placed', total: 255, currency: 'GBP', placedAt: 1, expiresAt: 2 }

const app = Fastify({ logger: false })
const { input, output } = orderContract.placeOrder
app.post('/v1/orders', {
  schema: { body: input, response: { 201: output } },
  handler(_request, reply) {
    reply.status(201)
    return { ...placed }
  },
})
for (const { http, output: shown } of [productContract.getProduct, bestsellerContract.bestSellers]) {
  app.get(`/v1${http!.path}`, {
    schema: { response: { 200: shown } },
    // wrk asks for nothing else.
    handler: request => answers.get(request.url)!,
  })
}
await app.listen({ host: '127.0.0.1', port: 0 })
const address = app.server.address()
console.log(JSON.stringify({ port: typeof address === 'object' ? address?.port : null }))
process.once('SIGTERM', () => void app.close())
