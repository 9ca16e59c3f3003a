// The payment module's family of combined requests, with a memory like the order book's (decision 007).

import type { Combinable, Memory } from '../../platform/sql/combiner.ts'
import { type PaymentAnswer, PaymentBook } from './payment-book.ts'
import type { PaymentRequest } from './requests.ts'
import { lockPayments, lockSlots, paymentsThere, readRefunds, slotsThere } from './store.ts'

/** Payments remembered: those under way, at full speed for a second or two. */
const REMEMBERED = 20_000

export function paymentFamily(): Combinable<PaymentRequest, PaymentAnswer> {
  const memory = new PaymentMemory()
  return {
    name: 'payment',
    memory,
    reads(requests, retried) {
      const orders = requests.map(request => request.orderId)
      const payments = requests.flatMap(request => ('paymentId' in request ? [request.paymentId] : []))
      const refunds = requests.flatMap(request => ('refundId' in request ? [request.refundId] : []))
      const again = requests.filter((_, i) => retried[i])
      return [
        lockSlots(orders),
        lockPayments(payments),
        readRefunds(refunds),
        slotsThere(again.map(request => request.orderId)),
        paymentsThere(again.flatMap(request => ('paymentId' in request ? [request.paymentId] : []))),
      ]
    },
    decide(requests, calls, sets, context) {
      const book = new PaymentBook(sets, context.now, context.missingMeansAbsent)
      const outcomes = requests.map((request, i) =>
        book.decide(request, calls[i]!, context.retried[i] ?? false),
      )
      memory.last = book
      return { outcomes, writes: book.writes() }
    },
  }
}

class PaymentMemory implements Memory<PaymentRequest, PaymentAnswer> {
  last: PaymentBook | null = null
  private book = new PaymentBook([], 0, false)

  knows(request: PaymentRequest): boolean {
    // A new attempt needs nothing: if it or its slot exists after all, the insert fails and it is decided again.
    if (request.kind === 'open') return true
    return (
      request.kind === 'move' &&
      this.book.knowsPayment(request.paymentId) &&
      this.book.knowsSlot(request.orderId)
    )
  }

  decide(request: PaymentRequest, call: Parameters<PaymentBook['decide']>[1], now: number) {
    this.book.now = now
    const before = this.book.revision
    const outcome = this.book.decide(request, call, false)
    // A yes that writes nothing rests on a row that no compare-and-set would check: it is asked for under locks.
    return this.book.revision === before ? 'parked' : outcome
  }

  flush() {
    const locks = this.book.locks()
    const writes = this.book.writes()
    this.book.settle()
    this.book.trim(REMEMBERED)
    return { locks, writes }
  }

  learn(): void {
    if (this.last === null) return
    this.last.settle()
    this.book.learn(this.last)
    this.last = null
  }

  forget(): void {
    this.last = null
    this.book = new PaymentBook([], 0, false)
  }
}
