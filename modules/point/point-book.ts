// The accounts of one batch, in memory, under their locks, and what is decided on them. Pure.

import { type Result, refuse } from '../../platform/contract/result.ts'
import type { BatchContext, Combinable, Outcome } from '../../platform/sql/combiner.ts'
import {
  insertInto,
  type Row,
  selectByKey,
  updateByKey,
  type Value,
  type Write,
} from '../../platform/sql/statements.ts'
import type { AccountRow, PointKind, TransactionRow } from './tables.ts'

export type PointRequest =
  | { readonly kind: 'earn'; readonly memberId: string; readonly orderId: string; readonly points: number }
  | { readonly kind: 'spend'; readonly memberId: string; readonly orderId: string; readonly points: number }
  | {
      readonly kind: 'return'
      readonly memberId: string
      readonly orderId: string
      readonly cause: string
      readonly points: number
    }
  | {
      readonly kind: 'claw'
      readonly memberId: string
      readonly orderId: string
      readonly cause: string
      readonly points: number
      /** All that the order earns: booked first if it is not yet. */
      readonly earned: number
    }
  | {
      readonly kind: 'adjust'
      readonly memberId: string
      readonly cause: string
      readonly points: number
      readonly reason: string
    }

/** The transaction that answers the request, new or as it was the first time. */
export type PointAnswer = Readonly<TransactionRow>

const lockAccounts = selectByKey({
  columns: 'member_id, balance, version',
  from: 'point_accounts',
  key: 'member_id',
  lock: true,
})
const accountsThere = selectByKey({
  columns: 'member_id',
  from: 'point_accounts',
  key: 'member_id',
  lock: false,
})
const TRANSACTION =
  'transaction_id, member_id, kind, points, short, balance, order_id, reason, created_at, account_version'
/** Guarded by the lock on their account. */
const readTransactions = selectByKey({
  columns: TRANSACTION,
  from: 'point_transactions',
  key: 'transaction_id',
  lock: false,
})
const insertAccounts = insertInto('point_accounts', ['member_id', 'balance', 'version'])
const updateAccounts = updateByKey(
  'point_accounts',
  { member_id: 'id', version: 'int' },
  { version: 'int', balance: 'int' },
)
const insertTransactions = insertInto('point_transactions', TRANSACTION.split(', '))
const insertEntries = insertInto('point_entries', ['transaction_id', 'account_id', 'points'])

/** The shop's side of each kind: what it owes members, what they used. */
const COUNTER: Record<PointKind, string> = {
  earn: 'shop:issued',
  claw: 'shop:issued',
  adjust: 'shop:issued',
  spend: 'shop:redeemed',
  return: 'shop:redeemed',
  void: 'shop:redeemed',
}

const earnCause = (orderId: string): string => `order:${orderId}:earn`
const spendCause = (orderId: string): string => `order:${orderId}:spend`
const idOf = (memberId: string, cause: string): string => `${memberId}|${cause}`

function causesOf(request: PointRequest): string[] {
  switch (request.kind) {
    case 'earn':
      return [earnCause(request.orderId)]
    case 'spend':
      return [spendCause(request.orderId)]
    case 'return':
      return [spendCause(request.orderId), request.cause]
    case 'claw':
      return [earnCause(request.orderId), request.cause]
    case 'adjust':
      return [request.cause]
  }
}

export const pointFamily: Combinable<PointRequest, PointAnswer> = {
  name: 'point',
  reads: (requests, retried) => [
    lockAccounts(requests.map(request => request.memberId)),
    readTransactions(
      requests.flatMap(request => causesOf(request).map(cause => idOf(request.memberId, cause))),
    ),
    accountsThere(requests.filter((_, i) => retried[i]).map(request => request.memberId)),
  ],
  decide(requests, _calls, sets, context) {
    const book = new PointBook(sets, context)
    const outcomes = requests.map((request, i) => book.decide(request, context.retried[i] ?? false))
    return { outcomes, writes: book.writes() }
  },
}

class PointBook {
  private readonly accounts = new Map<string, { row: AccountRow; read: number | null }>()
  private readonly transactions = new Map<string, TransactionRow>()
  private readonly there: ReadonlySet<string>
  private readonly fresh: TransactionRow[] = []
  private readonly changed = new Set<{ row: AccountRow; read: number | null }>()
  private readonly context: BatchContext

  constructor(sets: readonly Row[][], context: BatchContext) {
    const [accounts = [], transactions = [], there = []] = sets
    this.context = context
    for (const row of accounts as unknown as AccountRow[])
      this.accounts.set(row.member_id, { row, read: row.version })
    for (const row of transactions as unknown as TransactionRow[])
      this.transactions.set(row.transaction_id, row)
    this.there = new Set(there.map(row => row.member_id as string))
  }

  decide(request: PointRequest, retried: boolean): Outcome<PointAnswer> {
    const { memberId } = request
    if (!this.accounts.has(memberId)) {
      // Held by somebody, or not there yet: ask again before a balance of zero is believed.
      if (!this.context.missingMeansAbsent && !(retried && !this.there.has(memberId))) return 'parked'
      this.accounts.set(memberId, { row: { member_id: memberId, balance: 0, version: 0 }, read: null })
    }
    const result = this.apply(request)
    if (request.kind !== 'adjust' || !result.ok) return { result }
    return {
      result,
      audit: { subject: memberId, detail: { points: request.points, reason: request.reason } },
    }
  }

  private apply(request: PointRequest): Result<PointAnswer> {
    const { memberId } = request
    switch (request.kind) {
      case 'earn':
        return this.once(memberId, 'earn', earnCause(request.orderId), request.points, request.orderId)
      case 'spend':
        return this.spend(memberId, request.orderId, request.points)
      case 'return':
        return this.giveBack(memberId, request)
      case 'claw':
        return this.claw(memberId, request)
      case 'adjust':
        return this.once(memberId, 'adjust', request.cause, request.points, null, request.reason)
    }
  }

  private spend(memberId: string, orderId: string, points: number): Result<PointAnswer> {
    const known = this.transactions.get(idOf(memberId, spendCause(orderId)))
    if (known?.kind === 'void')
      return refuse('order_state', `Order ${orderId} was given back before its points were used.`)
    return this.once(memberId, 'spend', spendCause(orderId), -points, orderId)
  }

  /** What was not spent yet cannot be spent any more: a slow step of a saga that was undone finds the void. */
  private giveBack(
    memberId: string,
    request: Extract<PointRequest, { kind: 'return' }>,
  ): Result<PointAnswer> {
    const { orderId, cause } = request
    const spent = this.transactions.get(idOf(memberId, spendCause(orderId)))
    if (spent === undefined || spent.kind === 'void') {
      return this.once(memberId, 'void', spendCause(orderId), 0, orderId)
    }
    return this.once(memberId, 'return', cause, Math.min(request.points, -spent.points), orderId)
  }

  private claw(memberId: string, request: Extract<PointRequest, { kind: 'claw' }>): Result<PointAnswer> {
    const { orderId, cause, points, earned } = request
    const known = this.transactions.get(idOf(memberId, cause))
    if (known !== undefined) return { ok: true, value: known }
    this.once(memberId, 'earn', earnCause(orderId), earned, orderId)
    const taken = Math.min(points, this.accounts.get(memberId)!.row.balance)
    return this.once(memberId, 'claw', cause, -taken, orderId, null, points - taken)
  }

  /** Books a change of a member's balance under its cause; the same cause again is answered as the first time. */
  private once(
    memberId: string,
    kind: PointKind,
    cause: string,
    points: number,
    orderId: string | null,
    reason: string | null = null,
    short = 0,
  ): Result<PointAnswer> {
    const transactionId = idOf(memberId, cause)
    const known = this.transactions.get(transactionId)
    if (known !== undefined) return { ok: true, value: known }
    const held = this.accounts.get(memberId)!
    if (held.row.balance + points < 0) {
      return refuse('insufficient_points', `${held.row.balance} points are left.`, {
        fields: { balance: held.row.balance },
      })
    }
    held.row.balance += points
    held.row.version++
    this.changed.add(held)
    const row: TransactionRow = {
      transaction_id: transactionId,
      member_id: memberId,
      kind,
      points,
      short,
      balance: held.row.balance,
      order_id: orderId,
      reason,
      created_at: this.context.now,
      account_version: held.row.version,
    }
    this.transactions.set(transactionId, row)
    this.fresh.push(row)
    return { ok: true, value: row }
  }

  writes(): Write[] {
    const made: Value[][] = []
    const changed: Value[][] = []
    for (const { row, read } of this.changed) {
      if (read === null) made.push([row.member_id, row.balance, row.version])
      else changed.push([row.member_id, read, row.version, row.balance])
    }
    const entries = this.fresh.flatMap(row => [
      [row.transaction_id, row.member_id, row.points],
      [row.transaction_id, COUNTER[row.kind], -row.points],
    ])
    return [
      insertAccounts(made),
      updateAccounts(changed),
      insertTransactions(this.fresh.map(transactionValues)),
      insertEntries(entries),
    ]
  }
}

function transactionValues(row: TransactionRow): Value[] {
  const { transaction_id, member_id, kind, points, short, balance, order_id, reason } = row
  const { created_at, account_version } = row
  return [
    ...[transaction_id, member_id, kind, points, short, balance],
    ...[order_id, reason, created_at, account_version],
  ]
}
