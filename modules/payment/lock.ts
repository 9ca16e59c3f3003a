// The lock of an order: one attempt at a time talks to the provider about it. It is a gate. What counts is in the
// order's slot in the ledger: one open payment, one capture, and a fence that grows with each change of hands, so
// that a holder that slept past its time changes nothing. No payment waits for a round trip of its own for it: the
// slot is taken with the booking of the payment and let go with its last move.

import type { Call } from '../../platform/contract/call.ts'
import type { Result } from '../../platform/contract/result.ts'
import { newId } from '../../platform/ids.ts'
import { type Backoff, fullJitter } from '../../resilience/backoff.ts'
import { type PaymentContext, submit } from './deps.ts'
import { HOLD_MS, type Taken } from './hold.ts'
import { someoneElse } from './payment-rows.ts'
import type { PaymentRow } from './tables.ts'

/** Where those who come second wait: before Redis, or before the ledger. */
export interface LockGate {
  /** False: somebody else is in. Unknown lets in, the ledger asks once more. Never rejects. */
  enter(orderId: string, holder: string): boolean | Promise<boolean>
  /** Holds on for another HOLD_MS; nobody waits for it. */
  extend(orderId: string, holder: string): void
  /** Lets the next one in, if it is still this holder's turn; nobody waits for it. */
  leave(orderId: string, holder: string): void
}

/** Longest wait for somebody else's turn to end, ms: most payments take less, and a repeat may ask again. */
export const PATIENCE_MS = 500
/** Pauses between two knocks. */
const KNOCK: Backoff = { first: 20, most: 100 }
/** A hold is renewed when this part of it is over, and so often at most: then its request has long been given up. */
const RENEW_PART = 0.4
export const RENEWALS_MOST = 16

/** The turn of one attempt. */
export class Turn {
  readonly orderId: string
  readonly paymentId: string
  readonly holder = newId()
  /** As the ledger handed it out. */
  fence = 0
  /** The slot is held, as far as we know. */
  held = false
  private readonly context: PaymentContext
  private readonly gate: LockGate
  private readonly call: Call
  private renewals = 0
  private timer: NodeJS.Timeout | null = null

  constructor(context: PaymentContext, call: Call, orderId: string, paymentId: string) {
    this.context = context
    this.gate = context.gate()
    this.call = call
    this.orderId = orderId
    this.paymentId = paymentId
  }

  /** When a hold that begins now ends, epoch ms. */
  get until(): number {
    return this.context.clock() + HOLD_MS
  }

  /** Waits for the gate. False: not in time. */
  enter(patience: number): boolean | Promise<boolean> {
    const ask = () => this.gate.enter(this.orderId, this.holder)
    const entered = ask()
    if (typeof entered === 'boolean') return entered
    return this.knock(patience, ask, each => each, entered)
  }

  /** What the ledger said when it was asked for the slot. */
  begin({ fence, held }: Taken): void {
    this.fence = fence
    this.held = held
    this.context.turns.add(this)
    this.timer ??= setInterval(() => this.renew(), HOLD_MS * RENEW_PART)
  }

  /** The slot in the ledger, for a payment that is booked. Refused: somebody else has it. */
  async take(patience: number): Promise<Result<Taken>> {
    const { context, call, paymentId, orderId, holder } = this
    const ask = () =>
      submit<Taken>(context, call, { kind: 'take', paymentId, orderId, holder, until: this.until })
    const over = (taken: Result<Taken>) => taken.ok || taken.refusal.code !== 'payment_open'
    const taken = await this.knock(patience, ask, over)
    if (taken.ok) this.begin(taken.value)
    return taken
  }

  /** Asked before what cannot be taken back; it holds on as well. Refused: somebody else took over. */
  stillOurs(): Promise<Result<PaymentRow>> {
    return this.keep(this.until)
  }

  /** Lets the next one in. What the last move let go already is not written again. */
  async end(): Promise<void> {
    if (this.timer !== null) clearInterval(this.timer)
    this.context.turns.delete(this)
    // If it cannot be said now, it ends by itself.
    if (this.held) await this.keep(null).catch(() => undefined)
    this.gate.leave(this.orderId, this.holder)
  }

  /** Asks until that is enough, or until patience or the call's deadline ends. */
  private async knock<T>(
    patience: number,
    ask: () => T | Promise<T>,
    enough: (answer: T) => boolean,
    asked: T | Promise<T> = ask(),
  ): Promise<T> {
    const { clock } = this.context
    const end = Math.min(clock() + patience, this.call.deadline)
    let answer = await asked
    for (let attempt = 1; !enough(answer); attempt++) {
      const pause = fullJitter(KNOCK, attempt, Math.random())
      if (clock() + pause >= end) break
      await new Promise(resolve => setTimeout(resolve, pause))
      answer = await ask()
    }
    return answer
  }

  private renew(): void {
    if (++this.renewals > RENEWALS_MOST) return
    this.gate.extend(this.orderId, this.holder)
    // Lost, it is found by the fence.
    if (this.held) this.keep(this.until).catch(() => undefined)
  }

  private keep(until: number | null): Promise<Result<PaymentRow>> {
    const { paymentId, orderId, holder } = this
    const request = { kind: 'keep', paymentId, orderId, holder, until } as const
    return submit<PaymentRow>(this.context, this.call, request)
  }
}

/** Runs `work` when it is the turn of this payment, with its row as it is then. */
export async function inTurn(
  context: PaymentContext,
  call: Call,
  { payment_id: paymentId, order_id: orderId }: Pick<PaymentRow, 'payment_id' | 'order_id'>,
  patience: number,
  work: (turn: Turn, payment: PaymentRow) => Promise<Result<PaymentRow>>,
): Promise<Result<PaymentRow>> {
  const turn = new Turn(context, call, orderId, paymentId)
  if (!(await turn.enter(patience))) return someoneElse(orderId)
  try {
    const taken = await turn.take(patience)
    return taken.ok ? await work(turn, taken.value.payment) : taken
  } finally {
    await turn.end()
  }
}
