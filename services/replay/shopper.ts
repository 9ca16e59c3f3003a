// One step of the plan as its customer does it over HTTP: get in, order, pay; or ask for a refund.

import { accountContract } from '../../modules/account/contract.ts'
import { orderContract } from '../../modules/order/contract.ts'
import { paymentContract } from '../../modules/payment/contract.ts'
import type { Input } from '../../platform/contract/operation.ts'
import type { Refusal } from '../../platform/contract/result.ts'
import { type Client, createClient } from '../../platform/http/client.ts'
import { createSender, type Sender } from '../../platform/http/send.ts'
import type { OrderStep, RefundStep, ReplayStep } from '../retail/plan.ts'
import type { Persist } from './persist.ts'
import { orderIdOf, paymentIdOf, refundIdOf } from './replay-ids.ts'

export interface ShopperOptions {
  readonly url: string
  /** Key of the sales channel that speaks for the customers. */
  readonly channelKey: string
  /** Connections at once. */
  readonly clients: number
  readonly persist: Persist
}

/** What a step did, minor units. */
export interface StepDone {
  readonly orders: number
  readonly paid: number
  readonly refunds: number
  readonly units: number
  readonly gross: number
  readonly refundedUnits: number
  readonly refundedMoney: number
}

export class StepRefused extends Error {
  override readonly name = 'StepRefused'
  readonly code: string
  constructor(step: string, code: string, detail: string) {
    super(`${step}: ${code}: ${detail}`)
    this.code = code
  }
}

/** Tokens are renewed this long before their hour ends, ms. */
const RENEW_MS = 60_000
/** How long one answer may take before it is asked for again, ms; the longest invoice takes a tenth of a second. */
const DEADLINE_MS = 10_000
/** Orders of one invoice: each but the last was interrupted before its payment and expired. */
const ATTEMPTS = 5

type PlaceInput = Input<typeof orderContract.placeOrder>

export class Shopper {
  private readonly account: Client<typeof accountContract>
  private readonly order: Client<typeof orderContract>
  private readonly payment: Client<typeof paymentContract>
  private readonly channel: { authorization: string; deadlineMs: number }
  private readonly persist: Persist
  private readonly sender: Sender
  private readonly tokens = new Map<string, Promise<{ authorization: string; until: number }>>()
  /** Orders that are not an invoice's first. */
  private readonly laterOrders = new Map<string, string>()

  constructor({ url, channelKey, clients, persist }: ShopperOptions) {
    this.sender = createSender(new URL(url), clients)
    const options = { baseUrl: url, sender: this.sender }
    this.account = createClient(accountContract, options)
    this.order = createClient(orderContract, options)
    this.payment = createClient(paymentContract, options)
    this.channel = { authorization: `Channel ${channelKey}`, deadlineMs: DEADLINE_MS }
    this.persist = persist
  }

  run(step: ReplayStep): Promise<StepDone> {
    return step.kind === 'order' ? this.buy(step) : this.giveBack(step)
  }

  close(): void {
    this.sender.close()
  }

  private async buy(step: OrderStep): Promise<StepDone> {
    const name = `invoice ${step.invoiceNo}`
    const gross = step.lines.reduce((sum, line) => sum + line.quantity * line.unitPriceMinor, 0)
    const units = step.lines.reduce((sum, line) => sum + line.quantity, 0)
    const lines = step.lines.map(({ productId, quantity, unitPriceMinor }) => {
      return { productId, quantity, unitPrice: unitPriceMinor }
    })
    const { country, businessTimeMs: businessTime } = step
    const authorization = await this.identity(step.customerId, step.invoiceNo)
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const orderId = orderIdOf(step.invoiceNo, attempt)
      const order = { orderId, lines, expectedTotal: gross, country, businessTime }
      if ((await this.orderAndPay(order, authorization, name)) === 'expired') continue
      if (attempt > 1) this.laterOrders.set(step.invoiceNo, orderId)
      return { ...NOTHING, orders: 1, paid: 1, units, gross }
    }
    throw new StepRefused(name, 'order_state', `its order expired ${ATTEMPTS} times`)
  }

  /** Throws StepRefused. `expired`: it was ordered in an earlier run, and not paid in time. */
  private async orderAndPay(
    order: PlaceInput & { orderId: string },
    authorization: string,
    name: string,
  ): Promise<'paid' | 'expired'> {
    const { orderId, expectedTotal } = order
    const placed = await this.persist(() =>
      this.order.placeOrder(order, this.once(authorization, `replay-${orderId}`)),
    )
    // Taken: its key was forgotten after a day, but the order is there. Go on with it.
    if (!placed.ok && placed.refusal.code !== 'id_taken') throw refused(name, placed.refusal)
    const paymentId = paymentIdOf(orderId)
    const paid = await this.persist(
      () =>
        this.payment.payOrder(
          { orderId, paymentId, token: 'tok_ok' },
          this.once(authorization, `replay-${paymentId}`),
        ),
      payment => payment.state === 'captured',
    )
    if (paid.ok && paid.value.state !== 'captured')
      throw new StepRefused(name, paid.value.state, 'the payment is not settled')
    if (paid.ok && paid.value.amount === expectedTotal) return 'paid'
    // Paid, and perhaps refunded, by an earlier run: then it stands as it should.
    const found = await this.persist(() =>
      this.order.getOrder({ orderId }, { authorization, deadlineMs: DEADLINE_MS }),
    )
    if (!found.ok) throw refused(name, placed.ok ? found.refusal : placed.refusal)
    const { state, total } = found.value
    if ((state === 'paid' || state === 'refunded') && total === expectedTotal) return 'paid'
    if (state === 'expired') return 'expired'
    if (paid.ok) throw new StepRefused(name, 'id_taken', `order ${orderId} is another one, of ${total}`)
    throw refused(`payment of ${name}`, paid.refusal)
  }

  /** The parts of a cancellation may lie in several orders: one refund each. */
  private async giveBack(step: RefundStep): Promise<StepDone> {
    const authorization = await this.identity(step.customerId, step.customerId)
    const byInvoice = new Map<string, { lineNo: number; quantity: number }[]>()
    for (const { invoiceNo, lineIndex, quantity } of step.parts) {
      const lines = byInvoice.get(invoiceNo) ?? []
      lines.push({ lineNo: lineIndex, quantity })
      byInvoice.set(invoiceNo, lines)
    }
    const { cancellationNo, businessTimeMs: businessTime } = step
    const name = `cancellation ${cancellationNo}`
    let refundedMoney = 0
    for (const [invoiceNo, lines] of byInvoice) {
      const orderId = this.laterOrders.get(invoiceNo) ?? orderIdOf(invoiceNo)
      const refundId = refundIdOf(cancellationNo, step.lineNumber, invoiceNo)
      const refund = { orderId, refundId, lines, businessTime, reason: cancellationNo }
      const done = await this.persist(
        () => this.order.refundOrder(refund, this.once(authorization, `replay-${refundId}`)),
        ({ state }) => state === 'done',
      )
      if (!done.ok) throw refused(name, done.refusal)
      if (done.value.state !== 'done') throw new StepRefused(name, 'pending', 'the refund is not settled')
      refundedMoney += done.value.amount
    }
    const refundedUnits = step.parts.reduce((sum, part) => sum + part.quantity, 0)
    return { ...NOTHING, refunds: byInvoice.size, refundedUnits, refundedMoney }
  }

  private once(authorization: string, idempotencyKey: string) {
    return { authorization, idempotencyKey, deadlineMs: DEADLINE_MS }
  }

  /** A member through the channel's token exchange, or a guest of the channel's own. */
  private async identity(customerId: string | null, guest: string): Promise<string> {
    const key = customerId ?? `guest ${guest}`
    const known = await this.tokens.get(key)
    if (known !== undefined && known.until > Date.now()) return known.authorization
    const who = customerId === null ? { guestRef: guest } : { memberRef: customerId }
    const fresh = this.persist(() => this.account.exchangeToken(who, this.channel)).then(exchanged => {
      if (!exchanged.ok) throw refused(`token for ${key}`, exchanged.refusal)
      const { token, expiresAt } = exchanged.value
      return { authorization: `Bearer ${token}`, until: expiresAt - RENEW_MS }
    })
    this.tokens.set(key, fresh)
    fresh.catch(() => this.tokens.delete(key)) // whoever waits for it hears why
    return (await fresh).authorization
  }
}

const NOTHING: StepDone = {
  orders: 0,
  paid: 0,
  refunds: 0,
  units: 0,
  gross: 0,
  refundedUnits: 0,
  refundedMoney: 0,
}
export const nothingDone = (): { -readonly [K in keyof StepDone]: number } => ({ ...NOTHING })

function refused(step: string, { code, detail }: Refusal): StepRefused {
  return new StepRefused(step, code, detail)
}
