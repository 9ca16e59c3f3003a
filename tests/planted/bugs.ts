// Bugs to plant: each breaks one rule of the shop by one small edit, and the unchanged black-box tests must notice.

import { alertBugs } from './alert-bugs.ts'
import { gateBugs } from './gate-bugs.ts'
import { ladderBugs } from './ladder-bugs.ts'
import { operatorBugs } from './operator-bugs.ts'
import type { PlantedBug } from './planted-bug.ts'

const bug = (name: string, rule: string, file: string, find: string, replace: string): PlantedBug => {
  return { name, rule, file, find, replace }
}

const shopBugs: readonly PlantedBug[] = [
  bug(
    'lines judged one by one',
    'two lines of one product share its stock',
    'modules/order/decide-place.ts',
    'const quantity = (wanted.get(line.productId) ?? 0) + line.quantity',
    'const quantity = line.quantity',
  ),
  bug(
    'stock not checked',
    'never more than there is',
    'modules/order/decide-place.ts',
    'if (quantity > stock.available) {',
    'if (quantity > stock.available + 1_000_000) {',
  ),
  bug(
    'one unit stranded',
    'every unit can be sold',
    'modules/order/decide-place.ts',
    'if (quantity > stock.available) {',
    'if (quantity >= stock.available) {',
  ),
  bug(
    'shown total ignored',
    'nobody pays a total that was not shown',
    'modules/order/decide-place.ts',
    'if (saga === null && goods !== request.expectedTotal)',
    'if (saga === null && goods < 0)',
  ),
  bug(
    'limit per member ignored',
    'no member buys more than the limit',
    'modules/order/decide-place.ts',
    'stock.member_limit !== null && call.principal.channelId === null',
    'stock.member_limit === -1',
  ),
  bug(
    'stated prices taken from anybody',
    'only sales channels state prices',
    'modules/order/place-order.ts',
    'if (principal.channelId === null && (',
    'if (principal.channelId === "" && (',
  ),
  bug(
    'owner not asked when paying',
    'only the owner pays an order',
    'modules/order/decide-payment.ts',
    'if (!maySee(call.principal, order.owner, order.channel_id)) return { result: unknownOrder(request.orderId) }',
    '',
  ),
  bug(
    'owner not asked when reading',
    'only the owner sees an order',
    'modules/order/get-order.ts',
    'if (!linked && !maySee(call.principal, order.owner, order.channel_id)) return unknownOrder(orderId)',
    'if (linked) await Promise.resolve()',
  ),
  bug(
    'owner not asked when cancelling',
    'only the owner cancels an order',
    'modules/order/decide-drop.ts',
    'if (!maySee(call.principal, order.owner, order.channel_id)) return { result: unknownOrder(request.orderId) }',
    '',
  ),
  bug(
    'owner not asked when refunding',
    'only the owner asks for a refund',
    'modules/order/decide-refund.ts',
    'if (!maySee(call.principal, order.owner, order.channel_id)) return { result: unknownOrder(request.orderId) }',
    '',
  ),
  bug(
    'declined payment keeps its order',
    'who is declined may try again',
    'modules/order/decide-payment.ts',
    "book.changeOrder(order.order_id, { state: 'placed', payment_id: null })",
    "book.changeOrder(order.order_id, { state: 'paying' })",
  ),
  bug(
    'roles not asked',
    'staff’s operations are for staff',
    'gateway/route.ts',
    'if ((identity.mask & route.access) === 0)',
    'if ((identity.mask & route.access) < 0)',
  ),
  bug(
    'first answer not kept',
    'a repeated key gets its first answer',
    'platform/sql/batch.ts',
    'this.keyValues.push([id, fingerprint, this.name, json, now])',
    'this.keyValues.length = 0',
  ),
  bug(
    'content of a key not compared',
    'a key is for one content',
    'platform/sql/first-answer.ts',
    'if (row.fingerprint !== call.idempotency?.fingerprint) {',
    'if (row.fingerprint === null) {',
  ),
  bug(
    'keys of all people in one scope',
    'a key shows nothing to somebody else',
    'gateway/route.ts',
    'idempotencyKey(principal.id, route.operation,',
    "idempotencyKey('all', route.operation,",
  ),
  bug(
    'quota off by one',
    'never more than the quota',
    'modules/coupon/coupon.ts',
    'if (row.issued >= row.quota)',
    'if (row.issued > row.quota)',
  ),
  bug(
    'a second coupon for a member',
    'one a member',
    'modules/coupon/coupon.ts',
    'memberId: string): string => `',
    'memberId: string): string => String(Math.random()) + `',
  ),
  bug(
    'sold out for ever',
    'none is stranded behind the sold-out flag',
    'modules/coupon/sold-out-gate.ts',
    'const closed = coupon === undefined ? null : closedFor(coupon, now)',
    'const closed = coupon === undefined ? null : closedFor({ ...coupon, quota: 0 }, now)',
  ),
  bug(
    'sold out said to a winner',
    'a winner’s repeat hears its first answer',
    'modules/coupon/sold-out-gate.ts',
    'if (first !== undefined) resolve(firstAnswer(call, first))',
    'if (first === null) resolve(null)',
  ),
  bug(
    'window of a coupon ignored',
    'claims only in the window',
    'modules/coupon/coupon.ts',
    'if (now < row.opens_at || now >= row.closes_at) {',
    'if (now < 0) {',
  ),
  bug(
    'coupon used twice',
    'one coupon, one order',
    'modules/coupon/redeem-coupon.ts',
    "if (claim.state !== 'issued') return refuse('coupon_not_usable', 'It is used in another order.')",
    "if (claim.state !== 'issued') return { ok: true, value: { discount: discountOf(coupon, goodsTotal) } }",
  ),
  bug(
    'coupon lost with its order',
    'a cancelled order gives its coupon back',
    'modules/order/saga-undo.ts',
    'if (data.couponId !== null) {',
    'if (data.couponId === "") {',
  ),
  bug(
    'stock kept by a cancelled order',
    'what is cancelled can be sold again',
    'modules/order/decide-drop.ts',
    "  book.moveStock(line.product_id, 'release', quantity, {",
    "  if (quantity < 0) book.moveStock(line.product_id, 'release', quantity, {",
  ),
  bug(
    'unpaid orders never expire',
    'unpaid stock comes back',
    'modules/order/sweeps.ts',
    ".where('state', 'in', ['placed', 'paying'])",
    ".where('state', 'in', ['nothing'] as never)",
  ),
  bug(
    'more refunded than bought',
    'refunds end with what was bought',
    'modules/order/decide-refund.ts',
    'if (quantity > left) {',
    'if (quantity > left + 1_000) {',
  ),
  bug(
    'sale not booked as sold',
    'paid stock is sold',
    'modules/order/decide-payment.ts',
    "book.moveStock(line.product_id, 'sell', quantity, {",
    "book.moveStock(line.product_id, 'release', quantity, {",
  ),
  bug(
    'webhook signature not checked',
    'only the provider tells of payments',
    'modules/payment/receive-webhook.ts',
    'if (!right || ',
    'if ((!right && expected === "") || ',
  ),
  bug(
    'points below zero',
    'points are spent once',
    'modules/point/point-book.ts',
    'if (held.row.balance + points < 0) {',
    'if (held.row.balance + points < -1_000_000) {',
  ),
  bug(
    'spent points not returned',
    'a cancelled order gives its points back',
    'modules/order/saga-undo.ts',
    'if (data.points > 0) {',
    'if (data.points < 0) {',
  ),
  bug(
    'earned points kept after a refund',
    'a refund takes back what it had earned',
    'modules/order/saga-refund.ts',
    'if (claw > 0) {',
    'if (claw < 0) {',
  ),
  bug(
    'events not written',
    'what happened is told',
    'platform/sql/batch.ts',
    'outboxInsert(this.events, now)',
    'outboxInsert([], now)',
  ),
  bug(
    'refunds not counted in the ranking',
    'the ranking is net of refunds',
    'modules/bestseller/contributions.ts',
    "const refund = event.type === 'order.refunded'",
    "const refund = event.type === 'never'",
  ),
]

export const bugs: readonly PlantedBug[] = [
  ...shopBugs,
  ...gateBugs,
  ...ladderBugs,
  ...alertBugs,
  ...operatorBugs,
]
