// The naive way, in the same HTTP stack: each order is a transaction of its own with SELECT … FOR UPDATE,
// and writes the same rows as Levee. Pool of 32. Tables are Levee's own. Prints its port.

import { randomUUID } from 'node:crypto'
import Fastify from 'fastify'
import mysql from 'mysql2/promise'
import { orderContract } from '../../modules/order/contract.ts'
import { shardOf, shortHash } from '../../platform/events/event.ts'

const pool = mysql.createPool({ uri: process.env.BENCH_MYSQL_URL ?? '', connectionLimit: 32, queueLimit: 0 })

interface Body {
  lines: { productId: string; quantity: number }[]
  expectedTotal: number
  email?: string
}

async function placeOrder(body: Body, owner: string, key: string): Promise<object | null> {
  const orderId = randomUUID()
  const now = Date.now()
  const connection = await pool.getConnection()
  try {
    await connection.beginTransaction()
    const wanted = new Map<string, number>()
    for (const line of body.lines)
      wanted.set(line.productId, (wanted.get(line.productId) ?? 0) + line.quantity)
    const prices = new Map<string, number>()
    for (const [productId, quantity] of [...wanted].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const [rows] = await connection.execute<mysql.RowDataPacket[]>(
        'SELECT available, version, price FROM stock WHERE product_id = ? FOR UPDATE',
        [productId],
      )
      const row = rows[0]
      if (row === undefined || row.available < quantity) {
        await connection.rollback()
        return null
      }
      prices.set(productId, row.price)
      await connection.execute(
        'UPDATE stock SET available = available - ?, reserved = reserved + ?, version = version + 1 WHERE product_id = ?',
        [quantity, quantity, productId],
      )
      await connection.execute(
        'INSERT INTO stock_journal (product_id, version, kind, quantity, order_id, reason, actor, at) VALUES (?,?,?,?,?,?,?,?)',
        [productId, row.version + 1, 'reserve', quantity, orderId, null, owner, now],
      )
    }
    const total = body.lines.reduce((sum, line) => sum + line.quantity * prices.get(line.productId)!, 0)
    await connection.execute(
      'INSERT INTO orders (order_id, owner, email, state, version, goods_total, discount, points, total, refunded_total, placed_at, created_at, expires_at) VALUES (?,?,?,?,1,?,0,0,?,0,?,?,?)',
      [orderId, owner, body.email ?? null, 'placed', total, total, now, now, now + 1_800_000],
    )
    for (const [lineNo, line] of body.lines.entries()) {
      await connection.execute(
        'INSERT INTO order_lines (order_id, line_no, product_id, quantity, unit_price, discount, points, cancelled, refunded) VALUES (?,?,?,?,?,0,0,0,0)',
        [orderId, lineNo, line.productId, line.quantity, prices.get(line.productId)!],
      )
    }
    const answer = {
      orderId,
      state: 'placed',
      total,
      currency: 'GBP',
      placedAt: now,
      expiresAt: now + 1_800_000,
    }
    await connection.execute(
      'INSERT INTO idempotency (id, fingerprint, operation, answer, created_at) VALUES (?,?,?,?,?)',
      [shortHash(`${owner}\n${key}`), shortHash(JSON.stringify(body)), 'order', JSON.stringify(answer), now],
    )
    await connection.execute(
      'INSERT INTO outbox (shard, event_key, version, type, payload, created_at) VALUES (?,?,1,?,?,?)',
      [
        shardOf(orderId),
        orderId,
        'order.naive',
        JSON.stringify({ ...answer, owner, lines: body.lines }),
        now,
      ],
    )
    await connection.commit()
    return answer
  } catch (error) {
    await connection.rollback()
    throw error
  } finally {
    connection.release()
  }
}

const app = Fastify({ logger: false })
app.post<{ Body: Body }>('/v1/orders', {
  schema: { body: orderContract.placeOrder.input, response: { 201: orderContract.placeOrder.output } },
  async handler(request, reply) {
    const owner = shortHash(request.headers.authorization ?? '')
    const placed = await placeOrder(request.body, owner, String(request.headers['idempotency-key']))
    return placed === null ? reply.status(409).send() : reply.status(201).send(placed)
  },
})
await app.listen({ host: '127.0.0.1', port: Number(process.env.BENCH_PORT ?? 0) })
const address = app.server.address()
console.log(JSON.stringify({ port: typeof address === 'object' ? address?.port : null }))
process.once('SIGTERM', () => void app.close().then(() => pool.end()))
