// One step of the plan as its customer does it over HTTP: get in, order, pay; or ask for a refund.

import { accountContract } from '../../modules/account/contract.ts'
import { orderContract } from '../../modules/order/contract.ts'
import { paymentContract } from '../../modules/payment/contract.ts'
import type { Result } from '../../platform/contract/result.ts'
import { type Client, createClient } from '../../platform/http/client.ts'
import type { RetryPolicy } from '../../platform/http/retry.ts'
import { createSender } from '../../platform/http/send.ts'
import type { OrderStep, RefundStep, ReplayStep } from '../retail/plan.ts'

export interface ShopperOptions {
  readonly url: string
  /** Key of the sales channel that speaks for the customers. */
  readonly channelKey: string
  readonly clients: number
  readonly retry: RetryPolicy
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

export class Shopper {
  private readonly account: Client<typeof accountContract>
  private readonly order: Client<typeof orderContract>
  private readonly payment: Client<typeof paymentContract>
  private readonly channel: { authorization: string }
  private readonly tokens = new Map<string, Promise<{ authorization: string; until: number }>>()

  constructor({ url, channelKey, clients, retry }: ShopperOptions) {
    const sender = createSender(new URL(url), clients)
    const options = { baseUrl: url, sender, retry }
    this.account = createClient(accountContract, options)
    this.order = createClient(orderContract, options)
    this.payment = createClient(paymentContract, options)
    this.channel = { authorization: `Channel ${channelKey}` }
  }

  run(step: ReplayStep): Promise<StepDone> {
    return step.kind === 'order' ? this.buy(step) : this.giveBack(step)
  }

  /** Everything is named after the file's own numbers, so that a second run finds what the first one did. */
  private async buy(step: OrderStep): Promise<StepDone> {
    const name = `invoice ${step.invoiceNo}`
    const authorization = await this.identity(step.customerId, step.invoiceNo)
    const orderId = orderIdOf(step.invoiceNo)
    const gross = step.lines.reduce((sum, line) => sum + line.quantity * line.unitPriceMinor, 0)
    const lines = step.lines.map(({ productId, quantity, unitPriceMinor }) => {
      return { productId, quantity, unitPrice: unitPriceMinor }
    })
    const placed = await this.order.placeOrder(
      { orderId, lines, expectedTotal: gross, country: step.country, businessTime: step.businessTimeMs },
      { authorization, idempotencyKey: `replay-order-${step.invoiceNo}` },
    )
    // Its key was forgotten after a day, but the order is there: go on with it.
    if (!(placed.ok || placed.refusal.code === 'id_taken')) refused(name, placed)
    const paid = await this.payment.payOrder(
      { orderId, token: 'tok_ok', paymentId: `pay-${step.invoiceNo}` },
      { authorization, idempotencyKey: `replay-payment-${step.invoiceNo}` },
    )
    if (!paid.ok) refused(`payment of ${name}`, paid)
    else if (paid.value.state !== 'captured')
      throw new StepRefused(name, paid.value.state, 'the payment is not settled')
    const units = step.lines.reduce((sum, line) => sum + line.quantity, 0)
    return { ...NOTHING, orders: 1, paid: 1, units, gross }
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
    let refundedMoney = 0
    for (const [invoiceNo, lines] of byInvoice) {
      const refundId = `ref-${step.cancellationNo}-${step.lineNumber}-${invoiceNo}`
      const done = await this.order.refundOrder(
        {
          orderId: orderIdOf(invoiceNo),
          refundId,
          lines,
          businessTime: step.businessTimeMs,
          reason: step.cancellationNo,
        },
        { authorization, idempotencyKey: `replay-${refundId}` },
      )
      if (!done.ok) refused(`cancellation ${step.cancellationNo}`, done)
      else refundedMoney += done.value.amount
    }
    const refundedUnits = step.parts.reduce((sum, part) => sum + part.quantity, 0)
    return { ...NOTHING, refunds: byInvoice.size, refundedUnits, refundedMoney }
  }

  /** A member through the channel's token exchange, or a guest of the channel's own. */
  private async identity(customerId: string | null, guest: string): Promise<string> {
    const key = customerId ?? `guest ${guest}`
    const known = await this.tokens.get(key)
    if (known !== undefined && known.until > Date.now()) return known.authorization
    const who = customerId === null ? { guestRef: guest } : { memberRef: customerId }
    const fresh = this.account.exchangeToken(who, this.channel).then(exchanged => {
      if (!exchanged.ok) return refused(`token for ${key}`, exchanged)
      const { token, expiresAt } = exchanged.value
      return { authorization: `Bearer ${token}`, until: expiresAt - RENEW_MS }
    })
    this.tokens.set(key, fresh)
    fresh.catch(() => this.tokens.delete(key)) // whoever waits for it hears why
    return (await fresh).authorization
  }
}

export const orderIdOf = (invoiceNo: string): string => `inv-${invoiceNo}`

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

function refused(step: string, result: Result<unknown>): never {
  if (result.ok) throw new Error('not refused')
  throw new StepRefused(step, result.refusal.code, result.refusal.detail)
}
