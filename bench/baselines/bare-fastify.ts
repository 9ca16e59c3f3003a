// The honest yardstick: Fastify with the order's schema and payload and nothing behind it, no logging; and a
// GET that answers a product as it is. Prints its port.

import Fastify from 'fastify'
import { orderContract } from '../../modules/order/contract.ts'

const product = {
  productId: '85123A',
  name: 'WHITE HANGING HEART T-LIGHT HOLDER',
  price: 255,
  currency: 'GBP',
  onSale: true,
  saleStartsAt: null,
  memberLimit: null,
  version: 1,
  available: 1000,
  asOf: 1_291_161_600_000,
}

const app = Fastify({ logger: false })
const integer = { type: 'integer' }
const text = { type: 'string' }
app.post('/v1/orders', {
  schema: { body: orderContract.placeOrder.input, response: { 201: orderContract.placeOrder.output } },
  handler(_request, reply) {
    reply.status(201)
    return { orderId: 'o-1', state: 'placed', total: 255, currency: 'GBP', placedAt: 1, expiresAt: 2 }
  },
})
const fields = { productId: text, name: text, price: integer, currency: text, onSale: { type: 'boolean' } }
const rest = { saleStartsAt: { type: ['integer', 'null'] }, memberLimit: { type: ['integer', 'null'] } }
const stock = { version: integer, available: integer, asOf: integer }
app.get('/v1/products/:productId', {
  schema: {
    params: { type: 'object', properties: { productId: { type: 'string', maxLength: 32 } } },
    response: { 200: { type: 'object', properties: { ...fields, ...rest, ...stock } } },
  },
  handler: () => product,
})
await app.listen({ host: '127.0.0.1', port: Number(process.env.BENCH_PORT ?? 0) })
const address = app.server.address()
console.log(JSON.stringify({ port: typeof address === 'object' ? address?.port : null }))
process.once('SIGTERM', () => void app.close())
