// The rows of a batch of payments, in memory, under their locks; and what is decided on them.

import type { Call } from '../../platform/contract/call.ts'
import { invariant, type Refused, refuse } from '../../platform/contract/result.ts'
import type { Outcome } from '../../platform/sql/combiner.ts'
import type { Row, Select, Value, Write } from '../../platform/sql/statements.ts'
import { isHeldByOther, letsGo, NOBODY, type Taken, takenBy } from './hold.ts'
import { eventsOf, paymentValues, refundValues, refusedBy, someoneElse } from './payment-rows.ts'
import { isOpen, isTaken, mayMove } from './payment-states.ts'
import type {
  Hold,
  KeepRequest,
  MoveRequest,
  OpenRequest,
  PaymentRequest,
  RefundDoneRequest,
  RefundRequest,
  TakeRequest,
} from './requests.ts'
import {
  insertPayments,
  insertRefunds,
  insertSlots,
  lockPayments,
  lockSlots,
  updatePayments,
  updateRefunds,
  updateSlots,
} from './store.ts'
import type { PaymentRefundRow, PaymentRow, SlotRow } from './tables.ts'

interface Held<T> {
  readonly row: T
  /** Version in the ledger; null: made in this batch. */
  read: number | null
}

export type PaymentAnswer = PaymentRow | PaymentRefundRow | Taken

/** How long the caller's own process has before the sweep looks at a payment, ms. */
export const CHECK_AFTER_MS = 15_000

export class PaymentBook {
  now: number
  readonly missingMeansAbsent: boolean
  private readonly payments = new Map<string, Held<PaymentRow>>()
  private readonly slots = new Map<string, Held<SlotRow>>()
  private readonly refunds = new Map<string, PaymentRefundRow>()
  private readonly there: ReadonlySet<string>
  /** Grows with every change of a row. */
  revision = 0
  private changedPayments = new Set<Held<PaymentRow>>()
  private changedSlots = new Set<Held<SlotRow>>()
  private newRefunds: PaymentRefundRow[] = []
  private changedRefunds = new Set<PaymentRefundRow>()

  constructor(sets: readonly Row[][], now: number, missingMeansAbsent: boolean) {
    const [slots, payments, refunds, slotsThere, paymentsThere] = sets
    this.now = now
    this.missingMeansAbsent = missingMeansAbsent
    for (const row of (slots ?? []) as unknown as SlotRow[])
      this.slots.set(row.order_id, { row, read: row.version })
    for (const row of (payments ?? []) as unknown as PaymentRow[]) {
      this.payments.set(row.payment_id, { row, read: row.version })
    }
    for (const row of (refunds ?? []) as unknown as PaymentRefundRow[]) this.refunds.set(row.refund_id, row)
    this.there = new Set([
      ...(slotsThere ?? []).map(row => `slot ${row.order_id}`),
      ...(paymentsThere ?? []).map(row => `payment ${row.payment_id}`),
    ])
  }

  knowsPayment(paymentId: string): boolean {
    return this.payments.has(paymentId)
  }
  knowsSlot(orderId: string): boolean {
    return this.slots.has(orderId)
  }

  decide(request: PaymentRequest, call: Call, retried: boolean): Outcome<PaymentAnswer> {
    switch (request.kind) {
      case 'open':
        return this.open(request, call)
      case 'take':
        return this.take(request, retried)
      case 'keep':
        return this.keep(request, retried)
      case 'move':
        return this.move(request, retried)
      case 'refund':
        return this.refund(request, retried)
      case 'refund-done':
        return this.refundDone(request, retried)
    }
  }

  /** A new attempt with its order's lock, if no other is open and nothing is captured. The same attempt again is answered as it is. */
  private open(request: OpenRequest, call: Call): Outcome<Taken> {
    const { paymentId, orderId, owner } = request
    const known = this.payments.get(paymentId)?.row
    if (known !== undefined) {
      if (known.order_id !== orderId || known.owner !== owner) {
        return { result: refuse('id_taken', `Payment ${paymentId} exists.`) }
      }
      const { fingerprint } = request
      if (fingerprint !== known.fingerprint) {
        return { result: refuse('idempotency_key_reused', 'This payment was begun with other content.') }
      }
      const slot = this.slots.get(orderId)?.row
      if (slot === undefined) return 'parked'
      const free = (isOpen(known.state) || known.state === 'voiding') && !this.isHeld(slot, request)
      if (free) return { result: { ok: true, value: this.hold(known, slot, request) } }
      return { result: { ok: true, value: { payment: { ...known }, fence: slot.fence, held: false } } }
    }
    const slot = this.slots.get(orderId)?.row
    // Named by its slot and not here: somebody else holds its row. A "no" would have a repeat let the order go, in the
    // midst of the payment that it repeats.
    if (slot !== undefined && [slot.open_payment_id, slot.captured_payment_id].includes(paymentId))
      return 'parked'
    const no = slot === undefined ? null : refusedBy(slot)
    if (no) return { result: no }
    const row: PaymentRow = {
      payment_id: paymentId,
      order_id: orderId,
      owner,
      state: 'created',
      version: 1,
      amount: request.amount,
      currency: request.currency,
      token: request.token,
      fingerprint: request.fingerprint,
      cause: null,
      created_at: this.now,
      next_check_at: this.now + CHECK_AFTER_MS,
      checks: 0,
    }
    const held = { row, read: null }
    this.payments.set(paymentId, held)
    this.revision++
    this.changedPayments.add(held)
    // A slot that somebody else makes at the same time fails the batch by its key, and it is decided again.
    if (slot === undefined) this.addSlot(request)
    else this.changeSlot(orderId, { open_payment_id: paymentId, ...takenBy(slot, request) })
    const { fence } = this.slots.get(orderId)!.row
    return {
      result: { ok: true, value: { payment: { ...row }, fence, held: true } },
      audit: { subject: orderId, detail: { paymentId, by: call.principal.id, amount: row.amount } },
    }
  }

  /** The lock for a payment that is booked; none for one that is over. */
  private take(request: TakeRequest, retried: boolean): Outcome<Taken> {
    const payment = this.payments.get(request.paymentId)?.row
    const slot = this.slots.get(request.orderId)?.row
    if (payment === undefined || slot === undefined)
      return this.missing('payment', request.paymentId, retried)
    if (!isOpen(payment.state) && !isTaken(payment.state))
      return { result: { ok: true, value: { payment: { ...payment }, fence: slot.fence, held: false } } }
    if (this.isHeld(slot, request)) return { result: someoneElse(request.orderId) }
    return { result: { ok: true, value: this.hold(payment, slot, request) } }
  }

  private isHeld(slot: Readonly<SlotRow>, { holder }: Hold): boolean {
    return isHeldByOther(slot, holder, this.now)
  }

  /** The payment's version grows too: whoever moves it by what it remembers finds that it is behind. */
  private hold(payment: Readonly<PaymentRow>, slot: Readonly<SlotRow>, hold: Hold): Taken {
    this.changeSlot(slot.order_id, takenBy(slot, hold))
    const { next_check_at: next } = payment
    const row = this.changePayment(payment.payment_id, {
      // The sweep does not knock where somebody is at work.
      next_check_at: next === null ? null : Math.max(next, hold.until),
    })
    return { payment: { ...row }, fence: slot.fence, held: true }
  }

  private keep({ orderId, paymentId, holder, until }: KeepRequest, retried: boolean): Outcome<PaymentRow> {
    const payment = this.payments.get(paymentId)?.row
    const slot = this.slots.get(orderId)?.row
    if (payment === undefined || slot === undefined) return this.missing('payment', paymentId, retried)
    if (slot.holder !== holder) return { result: someoneElse(orderId) }
    this.changeSlot(orderId, until === null ? NOBODY : { held_until: until })
    return { result: { ok: true, value: { ...payment } } }
  }

  /** A payment moves by compare-and-set. Where it stands already, nothing happens; a capture takes the slot. */
  private move(request: MoveRequest, retried: boolean): Outcome<PaymentRow> {
    const { paymentId, orderId, to } = request
    const payment = this.payments.get(paymentId)?.row
    const slot = this.slots.get(orderId)?.row
    if (payment === undefined || slot === undefined) return this.missing('payment', paymentId, retried)
    if (payment.state === to && to !== 'unknown' && to !== 'voiding')
      return { result: { ok: true, value: { ...payment } } }
    // Somebody settled it in between: that is the answer.
    if (payment.state !== to && !mayMove(payment.state, to))
      return { result: { ok: true, value: { ...payment } } }
    // Whoever has the lock now may be anywhere: a holder that slept changes nothing.
    if (request.fence < slot.fence) return { result: someoneElse(orderId) }
    const free = letsGo(to) ? NOBODY : {}
    if (isTaken(to)) {
      const before = slot.captured_payment_id
      invariant(before === null || before === paymentId, `order ${orderId} has a capture`)
      const { amount: captured } = payment
      this.changeSlot(orderId, { open_payment_id: null, captured_payment_id: paymentId, captured, ...free })
    } else if (isTaken(payment.state)) {
      // Everything went back.
      this.changeSlot(orderId, { captured_payment_id: null, captured: 0, refunded: 0, ...free })
    } else if (!isOpen(to)) this.changeSlot(orderId, { open_payment_id: null, ...free })
    else if (to === 'unknown') this.changeSlot(orderId, free)
    const from = payment.state
    const moved = this.changePayment(paymentId, {
      state: to,
      cause: request.cause,
      next_check_at: request.nextCheckAt,
      checks: payment.checks + (to === 'unknown' || to === 'voiding' ? 1 : 0),
    })
    return { result: { ok: true, value: { ...moved } }, events: eventsOf(moved, from, this.now) }
  }

  /** Books a refund before the provider hears of it: never more than was captured, once per refund id. */
  private refund(request: RefundRequest, retried: boolean): Outcome<PaymentRefundRow> {
    const { refundId, orderId, amount } = request
    const slot = this.slots.get(orderId)?.row
    if (slot === undefined) return this.missing('slot', orderId, retried)
    const known = this.refunds.get(refundId)
    if (known !== undefined) return { result: { ok: true, value: { ...known } } }
    if (slot.captured_payment_id === null || slot.refunded + amount > slot.captured) {
      const left = slot.captured - slot.refunded
      return {
        result: refuse('payment_state', `Order ${orderId} has ${left} left to give back.`, {
          fields: { left },
        }),
      }
    }
    this.changeSlot(orderId, { refunded: slot.refunded + amount })
    const row: PaymentRefundRow = {
      refund_id: refundId,
      order_id: orderId,
      payment_id: slot.captured_payment_id,
      amount,
      state: 'pending',
      attempts: 0,
      next_at: this.now + CHECK_AFTER_MS,
      created_at: this.now,
    }
    this.refunds.set(refundId, row)
    this.newRefunds.push(row)
    return { result: { ok: true, value: { ...row } } }
  }

  private refundDone(request: RefundDoneRequest, retried: boolean): Outcome<PaymentRefundRow> {
    const slot = this.slots.get(request.orderId)?.row
    if (slot === undefined) return this.missing('slot', request.orderId, retried)
    const row = this.refunds.get(request.refundId)
    invariant(row !== undefined, `refund ${request.refundId} is not booked`)
    if (row.state !== 'done') {
      row.state = request.done ? 'done' : 'pending'
      row.attempts++
      row.next_at = request.done ? null : request.nextAt
      this.changedRefunds.add(row)
    }
    return { result: { ok: true, value: { ...row } } }
  }

  private missing(
    table: 'slot' | 'payment',
    id: string,
    retried: boolean,
  ): 'parked' | { readonly result: Refused } {
    if (!this.missingMeansAbsent && !(retried && !this.there.has(`${table} ${id}`))) return 'parked'
    return { result: refuse('not_found', `There is no ${table} ${id}.`) }
  }

  private addSlot({ orderId, paymentId, holder, until }: OpenRequest): void {
    const row = {
      ...{ order_id: orderId, version: 1, open_payment_id: paymentId, captured_payment_id: null },
      ...{ captured: 0, refunded: 0, fence: 1, holder, held_until: until },
    }
    const held = { row, read: null }
    this.slots.set(orderId, held)
    this.revision++
    this.changedSlots.add(held)
  }
  private changeSlot(orderId: string, change: Partial<SlotRow>): void {
    const held = this.slots.get(orderId)!
    Object.assign(held.row, change)
    held.row.version++
    this.revision++
    this.changedSlots.add(held)
  }
  private changePayment(paymentId: string, change: Partial<PaymentRow>): PaymentRow {
    const held = this.payments.get(paymentId)!
    const from = held.row.state
    invariant(
      change.state === undefined || change.state === from || mayMove(from, change.state),
      `${from} → ${change.state}`,
    )
    Object.assign(held.row, change)
    held.row.version++
    this.revision++
    this.changedPayments.add(held)
    return held.row
  }

  /** Rows in the ledger that changed here: what to lock before they are written. */
  locks(): Select[] {
    const slots = [...this.changedSlots].filter(held => held.read !== null).map(held => held.row.order_id)
    const payments = [...this.changedPayments]
      .filter(held => held.read !== null)
      .map(held => held.row.payment_id)
    return [lockSlots(slots), lockPayments(payments)]
  }

  writes(): Write[] {
    const newPayments: Value[][] = []
    const payments: Value[][] = []
    for (const { row, read } of this.changedPayments) {
      if (read === null) newPayments.push(paymentValues(row))
      else {
        const { payment_id, version, state, cause, next_check_at, checks } = row
        payments.push([payment_id, read, version, state, cause, next_check_at, checks])
      }
    }
    const newSlots: Value[][] = []
    const slots: Value[][] = []
    for (const { row, read } of this.changedSlots) {
      const { order_id, version, open_payment_id, captured_payment_id, captured, refunded } = row
      const set = [version, open_payment_id, captured_payment_id, captured, refunded]
      const hold = [row.fence, row.holder, row.held_until]
      if (read === null) newSlots.push([order_id, ...set, ...hold])
      else slots.push([order_id, read, ...set, ...hold])
    }
    const refunds = [...this.changedRefunds].map(row => [row.refund_id, row.state, row.attempts, row.next_at])
    return [
      insertSlots(newSlots),
      updateSlots(slots),
      insertPayments(newPayments),
      updatePayments(payments),
      insertRefunds(this.newRefunds.map(refundValues)),
      updateRefunds(refunds),
    ]
  }

  /** What changed is in the ledger (or is taken to be); the rows stay to go on from. Refunds are not kept. */
  settle(): void {
    for (const held of this.changedPayments) held.read = held.row.version
    for (const held of this.changedSlots) held.read = held.row.version
    this.changedPayments = new Set()
    this.changedSlots = new Set()
    this.newRefunds = []
    this.changedRefunds = new Set()
    this.refunds.clear()
  }

  /** Takes over the rows of a settled book. */
  learn(other: PaymentBook): void {
    for (const [id, held] of other.payments) this.payments.set(id, held)
    for (const [id, held] of other.slots) this.slots.set(id, held)
  }

  /** Keeps about the newest half when there are more than `most`. */
  trim(most: number): void {
    if (this.payments.size <= most) return
    let surplus = this.payments.size - (most >> 1)
    for (const [id, { row }] of this.payments) {
      if (surplus-- <= 0) break
      this.payments.delete(id)
      this.slots.delete(row.order_id)
    }
  }
}
