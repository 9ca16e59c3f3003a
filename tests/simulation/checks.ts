// What must hold once all is quiet, whatever happened before.

import type { Ledger } from '../../platform/sql/ledger.ts'
import type { PlatformTables } from '../../platform/sql/platform-tables.ts'
import { EARN_PERCENT } from '../../services/compose.ts'
import { refundedOf } from '../../services/sandbox-provider/books.ts'
import { verifyBooks } from '../../services/verify/verify-books.ts'
import type { Engines } from './engines.ts'
import type { Attempt, Recorder } from './recorder.ts'
import type { Scene } from './scene.ts'

type Rows = ReadonlyMap<string, readonly Readonly<Record<string, unknown>>[]>

export async function violationsOf(
  engines: Engines,
  ledger: Ledger,
  recorder: Recorder,
  scene: Scene,
  kafkaLied: boolean,
): Promise<string[]> {
  const { attempts } = recorder
  const rows = engines.ledgerServer.store.rows()
  return [
    ...(await books(ledger, engines)),
    ...claims(attempts, rows),
    ...accepted(attempts, scene, kafkaLied),
    ...orders(attempts, rows),
    ...captures(engines, rows),
    ...sameAnswers(attempts),
  ]
}

async function books(ledger: Ledger, engines: Engines): Promise<string[]> {
  const options = { timeZone: 'Europe/London', earnPercent: EARN_PERCENT, now: () => engines.world.now }
  const results = await verifyBooks(ledger, options)
  const left = await ledger
    .reads<PlatformTables>()
    .selectFrom('outbox')
    .select(({ fn }) => fn.countAll<number>().as('n'))
    .executeTakeFirstOrThrow()
  return [
    ...results.flatMap(({ name, wrong }) => wrong.map(what => `${name}: ${what}`)),
    ...results.flatMap(({ name, explained }) =>
      explained > 0 ? [`${name}: ${explained} rows are still under way`] : [],
    ),
    ...(left.n > 0 ? [`events: ${left.n} in the outbox, and all is quiet`] : []),
  ]
}

const succeeded = (attempts: readonly Attempt[], op: string): Attempt[] =>
  attempts.filter(attempt => attempt.op === op && attempt.outcome?.result === 'ok')
const saidOf = ({ outcome }: Attempt): Readonly<Record<string, unknown>> => outcome?.value ?? {}

/** Told that it is issued, and not there. */
function claims(attempts: readonly Attempt[], rows: Rows): string[] {
  const held = new Set(rows.get('coupon_claims')!.map(row => `${row.coupon_id} ${row.member_id}`))
  return [...succeeded(attempts, 'claimCoupon'), ...succeeded(attempts, 'claimProgress')]
    .filter(attempt => ['issued', 'redeemed'].includes(String(saidOf(attempt).state)))
    .map(({ input, client }) => `${input.couponId} ${client}`)
    .filter(pair => !held.has(pair))
    .map(pair => `claims: ${pair} was acknowledged, and is not in the ledger`)
}

/** Accepted, and never decided; or called void by a shop whose Kafka lost nothing. */
function accepted(attempts: readonly Attempt[], { tickets }: Scene, kafkaLied: boolean): string[] {
  const ends = new Map<string, Readonly<Record<string, unknown>>>()
  for (const attempt of succeeded(attempts, 'claimProgress'))
    if (saidOf(attempt).state !== 'accepted') ends.set(String(attempt.input.ticket), saidOf(attempt))
  return tickets.flatMap(({ ticket, member, couponId }) => {
    const end = ends.get(ticket)
    if (end === undefined) return [`claims: ${couponId} ${member} was accepted, and has no end: ${ticket}`]
    const refusal = end.refusal as { code: string } | null
    return refusal?.code === 'outcome_unknown' && !kafkaLied
      ? [`claims: ${couponId} ${member} was accepted, and is void though Kafka lost nothing: ${ticket}`]
      : []
  })
}

function orders(attempts: readonly Attempt[], rows: Rows): string[] {
  const byId = new Map(rows.get('orders')!.map(row => [String(row.order_id), row]))
  const paid = new Set(['paid', 'refunded'])
  return [
    ...succeeded(attempts, 'placeOrder')
      .filter(({ input }) => !byId.has(String(input.orderId)))
      .map(({ input }) => `orders: ${input.orderId} was acknowledged, and is not in the ledger`),
    ...succeeded(attempts, 'payOrder')
      .filter(attempt => saidOf(attempt).state === 'captured')
      .filter(({ input }) => !paid.has(String(byId.get(String(input.orderId))?.state)))
      .map(
        ({ input }) => `orders: ${input.orderId} was paid, and is ${byId.get(String(input.orderId))?.state}`,
      ),
  ]
}

/** What the provider keeps for each order is what the ledger says. */
function captures(engines: Engines, rows: Rows): string[] {
  const orderOf = new Map(rows.get('payments')!.map(row => [String(row.payment_id), String(row.order_id)]))
  const kept = new Map<string, { captures: number; money: number }>()
  for (const account of engines.provider.books.all()) {
    const order = orderOf.get(account.paymentId) ?? `payment ${account.paymentId} of no order`
    const sum = kept.get(order) ?? { captures: 0, money: 0 }
    if (account.state === 'captured') {
      sum.captures++
      sum.money += account.captured - refundedOf(account)
    }
    kept.set(order, sum)
  }
  const booked = new Map(
    rows
      .get('payment_slots')!
      .map(row => [String(row.order_id), Number(row.captured) - Number(row.refunded)]),
  )
  return [...new Set([...kept.keys(), ...booked.keys()])].flatMap(order => {
    const { captures: often, money } = kept.get(order) ?? { captures: 0, money: 0 }
    return [
      ...(often > 1 ? [`payments: ${order} was captured ${often} times`] : []),
      ...(money === (booked.get(order) ?? 0)
        ? []
        : [`payments: ${order}: the provider keeps ${money}, the books say ${booked.get(order) ?? 0}`]),
    ]
  })
}

/** What never changes of the answer to one key, by operation. What a refund gives back is known once it is done. */
const LASTING = {
  placeOrder: ['orderId', 'total'],
  payOrder: ['paymentId', 'amount'],
  refundOrder: ['refundId', 'orderId'],
  cancelOrder: ['orderId', 'version'],
  claimCoupon: ['claimId'],
} as const

/** A repeat with the same key hears what the first did. */
function sameAnswers(attempts: readonly Attempt[]): string[] {
  return Object.entries(LASTING).flatMap(([op, fields]) =>
    [...Map.groupBy(succeeded(attempts, op), attempt => attempt.action)].flatMap(([action, all]) => {
      const said = new Set(all.map(attempt => fields.map(field => String(saidOf(attempt)[field])).join(' ')))
      return said.size > 1 ? [`repeats: ${op} ${action} was answered ${[...said].join(' and ')}`] : []
    }),
  )
}
