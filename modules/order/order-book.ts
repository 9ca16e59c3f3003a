// The order module's family of combined requests: which rows each needs, and who decides it.

import type { Call } from '../../platform/contract/call.ts'
import type { Combinable, Outcome } from '../../platform/sql/combiner.ts'
import type { Select } from '../../platform/sql/statements.ts'
import { Book } from './book.ts'
import { decideAdjust } from './decide-adjust.ts'
import { decideConfirm } from './decide-confirm.ts'
import { decideDrop } from './decide-drop.ts'
import { decideClaim, decidePaid, decideRelease } from './decide-payment.ts'
import { decidePlace, type PlaceRules, purchaseId } from './decide-place.ts'
import { decideRefund } from './decide-refund.ts'
import { OrderMemory } from './order-memory.ts'
import type { OrderRequest } from './requests.ts'
import {
  lockOrders,
  lockStock,
  ordersThere,
  readLines,
  readPurchases,
  readRefunds,
  stockThere,
} from './store.ts'

export const orderMemory = (rules: PlaceRules): OrderMemory =>
  new OrderMemory((book, request, call) => decideOne(book, request, call, false, rules))

export function orderFamily(rules: PlaceRules, memory: OrderMemory): Combinable<OrderRequest, unknown> {
  return {
    name: 'order',
    memory,
    reads,
    decide(requests, calls, sets, context) {
      const book = new Book(sets, context.now, context.missingMeansAbsent)
      const outcomes = requests.map((request, i) =>
        decideOne(book, request, calls[i]!, context.retried[i] ?? false, rules),
      )
      memory.last = book
      return { outcomes, writes: book.writes() }
    },
  }
}

function reads(requests: readonly OrderRequest[], retried: readonly boolean[]): Select[] {
  const orders: string[] = []
  const stock: string[] = []
  const lines: string[] = []
  const purchases: string[] = []
  const refunds: string[] = []
  const ordersAgain: string[] = []
  const stockAgain: string[] = []
  for (const [i, request] of requests.entries()) {
    const products = productsOf(request)
    for (const id of products) stock.push(id)
    if (retried[i]) for (const id of products) stockAgain.push(id)
    if (request.kind === 'adjust') continue
    if (request.kind === 'place') {
      if (request.idChosen) orders.push(request.orderId)
      if (request.memberId !== null)
        for (const id of products) purchases.push(purchaseId(request.memberId, id))
      continue
    }
    orders.push(request.orderId)
    if (request.kind !== 'claim' && request.kind !== 'release') lines.push(request.orderId)
    if (retried[i]) ordersAgain.push(request.orderId)
    if (request.kind === 'refund') refunds.push(request.refundId)
    if (request.kind === 'drop' || request.kind === 'refund') {
      const { memberId } = request
      if (memberId !== null) for (const id of products) purchases.push(purchaseId(memberId, id))
    }
  }
  return [
    lockOrders(orders),
    readLines(lines),
    lockStock(stock),
    readPurchases(purchases),
    readRefunds(refunds),
    ordersThere(ordersAgain),
    stockThere(stockAgain),
  ]
}

function productsOf(request: OrderRequest): readonly string[] {
  if (request.kind === 'place') return request.lines.map(line => line.productId)
  if (request.kind === 'adjust') return [request.productId]
  return 'productIds' in request ? request.productIds : []
}

function decideOne(
  book: Book,
  request: OrderRequest,
  call: Call,
  retried: boolean,
  rules: PlaceRules,
): Outcome<unknown> {
  switch (request.kind) {
    case 'place':
      return decidePlace(book, request, call, retried, rules)
    case 'confirm':
      return decideConfirm(book, request, call, retried, rules.currency)
    case 'claim':
      return decideClaim(book, request, call, retried, rules.currency)
    case 'release':
      return decideRelease(book, request, retried)
    case 'paid':
      return decidePaid(book, request, retried, rules.currency)
    case 'drop':
      return decideDrop(book, request, call, retried, rules.currency)
    case 'refund':
      return decideRefund(book, request, call, retried, rules.currency)
    case 'adjust':
      return decideAdjust(book, request, call, retried)
  }
}
