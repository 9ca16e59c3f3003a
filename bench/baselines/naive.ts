// The naive way, in the same HTTP stack: each order is a transaction of its own with SELECT … FOR UPDATE, one
// statement a table, from a pool of 32. Levee's own rules say which rows are written, so they are the same; its
// caller is believed without asking. Prints its port.

import Fastify, { type FastifyRequest } from 'fastify'
import mysql, { type PoolConnection } from 'mysql2'
import { idempotencyKey } from '../../gateway/idempotency-key.ts'
import { Book } from '../../modules/order/book.ts'
import { orderContract } from '../../modules/order/contract.ts'
import { decidePlace, type Placed } from '../../modules/order/decide-place.ts'
import type { Place, PlaceLine } from '../../modules/order/requests.ts'
import type { Call } from '../../platform/contract/call.ts'
import type { Input } from '../../platform/contract/operation.ts'
import type { Result } from '../../platform/contract/result.ts'
import { newId } from '../../platform/ids.ts'
import { Batch } from '../../platform/sql/batch.ts'
import type { Row, Value, Write } from '../../platform/sql/statements.ts'

const POOL = 32
const RULES = { currency: 'GBP', paymentWindow: 1_800_000 }
/** Longest a caller waits, ms; written nowhere. */
const DEADLINE_MS = 10_000

const pool = mysql.createPool({
  uri: process.env.BENCH_MYSQL_URL ?? '',
  connectionLimit: POOL,
  queueLimit: 0,
})
// A transaction begins with its first statement: that saves the round trip of BEGIN.
pool.on('connection', connection => connection.query('SET autocommit = 0'))

const connect = (): Promise<PoolConnection> =>
  new Promise((resolve, reject) =>
    pool.getConnection((error, connection) => (error ? reject(error) : resolve(connection))),
  )

/** mysql2's own promises note a stack for each statement, which would cost more than some statements do. */
const execute = (on: PoolConnection, sql: string, values: Value[] = []): Promise<unknown> =>
  new Promise((resolve, reject) =>
    on.execute(sql, values, (error, rows) => (error ? reject(error) : resolve(rows))),
  )

async function placeOrder(call: Call, request: Place): Promise<Result<Placed>> {
  const connection = await connect()
  try {
    const ids = [...new Set(request.lines.map(line => line.productId))]
    const stock = await execute(
      connection,
      `SELECT * FROM stock WHERE product_id IN (${ids.map(() => '?')}) ORDER BY product_id FOR UPDATE`,
      ids,
    )
    const now = Date.now()
    const book = new Book([[], [], stock as Row[]], now, true)
    const outcome = decidePlace(book, request, call, false, RULES)
    if (outcome === 'parked' || !outcome.result.ok) throw new Error('a bench order is always possible')
    const batch = new Batch<Place, Placed>('order')
    batch.add({ request, call, enqueuedAt: now, parks: 0, resolve() {}, reject() {} }, outcome, now)
    for (const write of [...book.writes(), ...batch.writes(now)]) await carryOut(connection, write)
    await execute(connection, 'COMMIT')
    return outcome.result
  } catch (error) {
    await execute(connection, 'ROLLBACK')
    throw error
  } finally {
    connection.release()
  }
}

async function carryOut(connection: PoolConnection, { kind, shape, rows }: Write): Promise<void> {
  if (rows.length === 0) return
  if (kind === 'insert') {
    const marks = rows.map(row => `(${row.map(() => '?')})`)
    await execute(connection, `INSERT INTO ${shape.table} (${shape.columns}) VALUES ${marks}`, rows.flat())
    return
  }
  const set = shape.set.map(column => `${column} = ?`)
  const keys = shape.keys.map(column => `${column} = ?`)
  const text = `UPDATE ${shape.table} SET ${set} WHERE ${keys.join(' AND ')}`
  for (const row of rows) {
    const [first, rest] = [row.slice(0, keys.length), row.slice(keys.length)]
    await execute(connection, text, [...rest, ...first])
  }
}

type Body = Input<typeof orderContract.placeOrder>

function callOf({ headers, method, url, body }: FastifyRequest<{ Body: Body }>): Call {
  const id = `m_00000000-0000-7000-8000-${headers.authorization?.slice(-12)}`
  const key = String(headers['idempotency-key'])
  return {
    principal: { kind: 'member', id, roles: ['customer'], channelId: null, email: 'buyer@example.org' },
    requestId: 'naive',
    deadline: Date.now() + DEADLINE_MS,
    idempotency: idempotencyKey(id, 'order.placeOrder', key, method, url, JSON.stringify(body)),
  }
}

const app = Fastify({ logger: false })
app.post<{ Body: Body }>('/v1/orders', {
  schema: { body: orderContract.placeOrder.input, response: { 201: orderContract.placeOrder.output } },
  async handler(request, reply) {
    const call = callOf(request)
    const { principal } = call
    const placed = await placeOrder(call, {
      kind: 'place',
      orderId: newId(),
      idChosen: false,
      owner: principal.id,
      memberId: principal.id,
      channelId: null,
      email: principal.email,
      country: null,
      lines: request.body.lines as readonly PlaceLine[],
      expectedTotal: request.body.expectedTotal,
      saga: null,
      businessTime: null,
    })
    if (!placed.ok) return reply.status(409).send()
    return reply.status(201).send(placed.value)
  },
})
await app.listen({ host: '127.0.0.1', port: 0 })
const address = app.server.address()
console.log(JSON.stringify({ port: typeof address === 'object' ? address?.port : null }))
process.once('SIGTERM', () => void app.close().then(() => pool.end(() => undefined)))
