// For tests: the payment module on a real ledger before the real sandbox provider, with orders that a test makes.

import {
  createPayment,
  type PaymentProvider,
  paymentSchema,
  sandboxHttp,
} from '../../modules/payment/index.ts'
import type { PaymentTables } from '../../modules/payment/tables.ts'
import { type Call, systemCall } from '../../platform/contract/call.ts'
import { ok, type Result, refuse } from '../../platform/contract/result.ts'
import { shortHash } from '../../platform/events/event.ts'
import { createLog } from '../../platform/log/log.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import { type SandboxProvider, startSandboxProvider } from '../../services/sandbox-provider/server.ts'
import type { LedgerEngine } from './engines.ts'
import { fixedLadders } from './fixed-ladders.ts'
import { openScratchLedger, type ScratchLedger } from './ledgers.ts'

export const KEY = 'the-key-that-both-sides-know'
/** Longest wait of the shop for the provider, ms: what `tok_slow` overstays, and a first answer of a busy machine does not. */
const TIMEOUT_MS = 1_000
const SLOW_MS = 2_000
const LATE_MS = 100
export const AMOUNT = 1_000

type Deps = Parameters<typeof createPayment>[0]
type Payment = ReturnType<typeof createPayment>
type State = 'placed' | 'paying' | 'paid' | 'cancelled'

/** Orders as payments see them, by the rules of modules/order/decide-payment.ts. */
export class FakeOrders {
  readonly orders = new Map<string, { state: State; paymentId: string | null; timesPaid: number }>()
  private made = 0

  make(state: State = 'placed'): string {
    const orderId = `o${this.made++}`
    this.orders.set(orderId, { state, paymentId: null, timesPaid: 0 })
    return orderId
  }

  readonly door = {
    claimForPayment: async (_call: Call, { orderId, paymentId }: { orderId: string; paymentId: string }) => {
      const order = this.orders.get(orderId)
      if (order === undefined) return refuse('not_found', orderId)
      const mine = order.paymentId === paymentId
      if (order.state === 'placed') Object.assign(order, { state: 'paying', paymentId })
      else if (order.state === 'paying' && !mine) return refuse('payment_open', orderId)
      else if (!mine || order.state === 'cancelled') return refuse('order_state', orderId)
      const who = { owner: 'g_1', memberId: null, email: null, channelId: null }
      return ok({ orderId, amount: AMOUNT, currency: 'GBP', ...who })
    },
    releasePayment: async (_call: Call, { orderId, paymentId }: { orderId: string; paymentId: string }) => {
      const order = this.orders.get(orderId)
      if (order === undefined) return refuse('not_found', orderId)
      if (order.paymentId === paymentId && order.state !== 'paying') return refuse('order_state', orderId)
      if (order.paymentId === paymentId) Object.assign(order, { state: 'placed', paymentId: null })
      return ok({ orderId, state: order.state })
    },
    markPaid: async (_call: Call, { orderId, paymentId }: { orderId: string; paymentId: string }) => {
      const order = this.orders.get(orderId)
      if (order === undefined) return refuse('not_found', orderId)
      const mine = order.paymentId === paymentId
      if (!mine || (order.state !== 'paying' && order.state !== 'paid')) return refuse('order_state', orderId)
      if (order.state === 'paying') order.timesPaid++
      order.state = 'paid'
      return ok({ orderId, state: order.state })
    },
    getOrder: async () => refuse('not_found', 'nobody asks this here'),
  } as unknown as Deps['order']
}

let keys = 0
export function callOf(key = `key-${keys++}`, content = key): Call {
  return {
    principal: { kind: 'guest', id: 'g_1', roles: [], channelId: null, email: null },
    requestId: key,
    deadline: Date.now() + 60_000,
    idempotency: { id: shortHash(key), fingerprint: shortHash(content) },
  }
}

export const code = (result: Result<unknown>): string => (result.ok ? 'ok' : result.refusal.code)

export class PaymentBed {
  /** What is added to the time of day, ms; a test moves it. */
  ahead = 0
  readonly clock = (): number => Date.now() + this.ahead
  readonly orders = new FakeOrders()
  readonly scratch: ScratchLedger
  readonly sandbox: SandboxProvider
  readonly provider: PaymentProvider & { close(): void }
  readonly payment: Payment
  /** Another process before the same ledger. */
  readonly twin: Payment
  /** Webhooks that arrived, with what the shop said. */
  readonly webhooks: { type: string; paymentId: string; said: string }[] = []
  private readonly receiver: Receiver

  private constructor(scratch: ScratchLedger, other: Ledger, sandbox: SandboxProvider, receiver: Receiver) {
    this.scratch = scratch
    this.sandbox = sandbox
    this.receiver = receiver
    this.provider = sandboxHttp({ url: sandbox.url, timeout: TIMEOUT_MS })
    this.payment = this.process({}, scratch.ledger)
    this.twin = this.process({}, other)
    receiver.take = async body => {
      const input = body as Parameters<Payment['door']['receiveWebhook']>[1]
      const result = await this.payment.door.receiveWebhook(systemCall('webhook', this.clock()), input)
      this.webhooks.push({ type: input.type, paymentId: input.paymentId, said: code(result) })
      return result.ok
    }
  }

  static async open(engine: LedgerEngine): Promise<PaymentBed> {
    const scratch = await openScratchLedger(engine, [paymentSchema])
    const receiver = await startReceiver()
    const sandbox = await startSandboxProvider({
      port: 0,
      webhookUrl: receiver.url,
      webhookKey: KEY,
      slowFor: SLOW_MS,
      lateFor: LATE_MS,
    })
    return new PaymentBed(scratch, await scratch.another(), sandbox, receiver)
  }

  /** The module as another process has it, with other neighbours. */
  process(change: Partial<Deps>, ledger = this.scratch.ledger): Payment {
    return createPayment({
      ledger,
      redis: null,
      prefixes: { redisPrefix: 'test' },
      ladders: fixedLadders({ 'payment.lock': 'sql' }),
      clock: this.clock,
      log: createLog({ level: 'silent', name: 'test' }),
      settings: { lockWait: 2_000, webhookKey: KEY },
      provider: this.provider,
      order: this.orders.door,
      ...change,
    })
  }

  async pay(orderId: string, token = 'tok_ok', call = callOf(), on = this.payment) {
    return on.door.payOrder(call, { orderId, token })
  }

  /** Runs the sweeps as often as it takes until nothing is due any more, moving the clock on. */
  async sweepAll(on = this.payment): Promise<void> {
    for (let round = 0; round < 12; round++) {
      this.ahead += 30_000
      for (const sweep of on.sweeps) await sweep.run(this.clock())
    }
    // Rows carry the time of day, and webhooks are signed by it.
    this.ahead = 0
  }

  rows(orderId: string) {
    const db = this.scratch.ledger.reads<PaymentTables>()
    return db.selectFrom('payments').selectAll().where('order_id', '=', orderId).execute()
  }
  async slot(orderId: string) {
    const db = this.scratch.ledger.reads<PaymentTables>()
    return db.selectFrom('payment_slots').selectAll().where('order_id', '=', orderId).executeTakeFirst()
  }

  /** What the provider took of the buyer for this order and has not given back. */
  async takenFor(orderId: string): Promise<{ captured: number; kept: number; held: number; times: number }> {
    const taken = { captured: 0, kept: 0, held: 0, times: 0 }
    for (const { payment_id } of await this.rows(orderId)) {
      const account = this.sandbox.books.of(payment_id)
      if (account === undefined) continue
      const refunded = Object.values(account.refunds).reduce((sum, amount) => sum + amount, 0)
      taken.captured += account.captured
      if (account.captured > 0) taken.times++
      if (account.state === 'captured') taken.kept += account.captured - refunded
      if (account.state === 'authorised') taken.held += account.charged
    }
    return taken
  }

  async drop(): Promise<void> {
    await this.sandbox.close()
    this.provider.close()
    await this.receiver.close()
    await Promise.all([this.payment.drain(), this.twin.drain()])
    await this.scratch.drop()
  }
}

interface Receiver {
  readonly url: string
  take: (body: unknown) => Promise<boolean>
  close(): Promise<void>
}

/** Stands where the shop's gateway does: hands webhooks to the module. */
async function startReceiver(): Promise<Receiver> {
  const { createServer } = await import('node:http')
  const receiver = { url: '', take: async (_body: unknown) => false, close: async () => {} }
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    const good = await receiver.take(JSON.parse(text)).catch(() => false)
    response.writeHead(good ? 200 : 503).end('{}')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  receiver.url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/v1/webhooks/payments`
  receiver.close = () =>
    new Promise(resolve => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return receiver
}
