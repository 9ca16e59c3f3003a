// Every endpoint, fuzzed from its own schema by everybody: never broken, never a change without a success.

import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { accountContract } from '../../modules/account/contract.ts'
import { bestsellerContract } from '../../modules/bestseller/contract.ts'
import { couponContract } from '../../modules/coupon/contract.ts'
import { eventContract } from '../../modules/event/contract.ts'
import { notificationContract } from '../../modules/notification/contract.ts'
import { orderContract } from '../../modules/order/contract.ts'
import { paymentContract } from '../../modules/payment/contract.ts'
import { pointContract } from '../../modules/point/contract.ts'
import { productContract } from '../../modules/product/contract.ts'
import { catalogue } from '../../platform/contract/catalogue.ts'
import { ClientId } from '../../platform/contract/fields.ts'
import type { HttpBinding, Operation } from '../../platform/contract/operation.ts'
import { LedgerWatch } from '../support/fingerprint.ts'
import { must, People, type Person } from '../support/people.ts'
import { type RawAnswer, type RawRequest, rawRequest, Wire } from '../support/raw.ts'
import { fits, fittingInput, type JsonSchema, type Known, nearly } from '../support/schema-arbitrary.ts'
import { type RunningShop, ShopPlace } from '../support/shop.ts'
import { onEveryShop, type ShopKind } from '../support/shop-kinds.ts'

const contracts = {
  ...accountContract,
  ...productContract,
  ...orderContract,
  ...paymentContract,
  ...pointContract,
  ...couponContract,
  ...bestsellerContract,
  ...notificationContract,
  ...eventContract,
}

interface Endpoint {
  readonly name: string
  readonly operation: Operation
  readonly http: HttpBinding
}

const endpoints: readonly Endpoint[] = Object.entries<Operation>(contracts).flatMap(([name, operation]) =>
  operation.http ? [{ name, operation, http: operation.http }] : [],
)

/** Another seed looks elsewhere; this one makes a failure come again. */
const SEED = Number(process.env.FUZZ_SEED ?? 20_101_201)
/** Requests an endpoint and identity: fitting ones, nearly fitting ones. */
const FITTING = 12
const NEARLY = 8
/** An order has so many ways to be refused that few by chance are right: more of them. */
const ORDERS = 60
/** Each costs a password hash, or ends the session that asks: fewer of them. */
const COSTLY = 3
const COSTLY_ONES = new Set(['register', 'signIn', 'resetPassword', 'changePassword'])
/** These may end the session that asks: one after the other, and then somebody signs in again. */
const ENDING = new Set(['signOut', 'revokeSession', 'revokeAllSessions', 'changePassword'])
const AT_ONCE = 32
/** Ten seconds on a machine of its own. */
const PATIENCE_MS = 120_000
/** Is ordered, and neither edited nor taken from stock, so that orders can be right. */
const GOODS = 'goods-1'

/** Answers that say: it was not even looked at. */
const NOT_PAST_VALIDATION = new Set([
  'invalid_request',
  'malformed_body',
  'idempotency_key_required',
  'unauthenticated',
  'forbidden',
])
/** Statuses of 500 and more that the catalogue promises; never that something broke. */
const PROMISED = new Set(
  Object.entries(catalogue).flatMap(([code, { status }]) => (status === 503 ? [code] : [])),
)
/**
 * Refusals that are not held to "nothing changes": a declined attempt is one of those that the order's payments
 * list; what is refused because of another request under way succeeds when it is asked again.
 */
const EXCUSED = new Set(['payment_declined', 'request_in_flight', ...PROMISED])
/**
 * Refused after its stock was reserved: coupon and points are asked next, each in its own step. What is left is an
 * order that says why, and a journal in which stock goes out and comes back. Nothing else may differ.
 */
const UNDONE = new Set(['coupon_not_usable', 'coupon_unknown', 'insufficient_points'])
const TRACES = [
  'orders',
  'order_lines',
  'stock',
  'stock_journal',
  'coupon_redemptions',
  'point_accounts',
  'point_transactions',
  'point_entries',
  'idempotency',
  'inbox',
  'audit',
]
/** What must be the same in those tables all the same. */
const HELD = [
  'SELECT product_id, initial, adjusted, available, reserved, sold, returned FROM stock ORDER BY product_id',
  "SELECT state, COUNT(*) AS n FROM orders WHERE state <> 'cancelled' GROUP BY state ORDER BY state",
  // A member who never had any may get an account of none: the mark that no step may spend for that order later.
  'SELECT member_id, balance FROM point_accounts WHERE balance <> 0 ORDER BY member_id',
  'SELECT account_id, SUM(points) AS n FROM point_entries GROUP BY account_id HAVING SUM(points) <> 0 ORDER BY account_id',
]
/** What nobody can guess, by endpoint: these get past validation and are refused. */
const NEVER_SUCCEEDS: Readonly<Record<string, string>> = {
  confirmEmail: 'the token of a mail',
  resetPassword: 'the token of a mail',
  signIn: 'a password',
  changePassword: 'a password',
  revokeSession: 'the id of a session of its own',
  receiveWebhook: 'a signature',
  replayDeadLetters: 'a dead letter',
  claimProgress: 'the ticket of a claim of its own that is in line',
}

const CLIENT_CHOOSES = (ClientId as unknown as JsonSchema).pattern

interface Sample {
  readonly endpoint: Endpoint
  readonly who: string
  readonly input: Record<string, unknown>
}

/** Ids that the client chooses are others each time: a trace of the first try would hide behind `id_taken`. */
function withFreshIds(sample: Sample, round: number): Sample {
  const { http, operation } = sample.endpoint
  const fields = (operation.input as unknown as JsonSchema).properties ?? {}
  const input = Object.entries(sample.input).map(([name, value]) => {
    const schema = fields[name]
    const chosen = schema?.pattern === CLIENT_CHOOSES
    const own = chosen && !http.path.includes(`:${name}`) && typeof value === 'string' && fits(schema!, value)
    return [name, own ? `${randomUUID()}-${round}` : value]
  })
  return { ...sample, input: Object.fromEntries(input) }
}

function suite(engine: ShopKind): void {
  let place: ShopPlace
  let shop: RunningShop
  let people: People
  let wire: Wire
  let watch: LedgerWatch
  /** Authorizations by kind; those whose session ended are signed in again. */
  const identities = new Map<string, string>()
  const credentials = new Map<string, { email: string; password: string }>()
  const pool = new Map<string, unknown[]>()
  /** A coupon that nobody in these tests claims. */
  let unclaimed: string

  beforeAll(async () => {
    place = await ShopPlace.open({ engine })
    shop = await place.start()
    people = People.of(place, shop)
    wire = new Wire(shop.url)
    watch = await LedgerWatch.open(place)
    const boss = await people.signIn(place.administrator!)
    // Two are fuzzed; what they are fuzzed with are others.
    const [member, administrator, target] = [
      await people.member(),
      await people.member(),
      await people.member(),
    ]
    must(await boss.account.grantRole({ memberId: administrator.memberId, role: 'administrator' }))
    identities.set('nobody', '')
    identities.set('guest', people.guest().authorization)
    identities.set('member', member.authorization)
    identities.set('administrator', administrator.authorization)
    identities.set('channel', (await people.channel(boss)).authorization)
    credentials.set('member', member).set('administrator', administrator)
    pool.set('memberId', [target.memberId])
    await furnish(boss, [people.person(identities.get('guest')!), member, administrator])
  })
  afterAll(async () => {
    wire?.close()
    await watch?.close()
    await place?.drop()
  })

  const known: Known = field => pool.get(field) ?? []
  const learn = (field: string, value: unknown) => pool.set(field, [...known(field), value].slice(-30))

  /** Things that exist, so that ids can name them. */
  async function furnish(boss: Person, buyers: readonly Person[]): Promise<void> {
    for (const productId of ['fuzz-1', 'fuzz-2', GOODS]) {
      must(await boss.product.createProduct({ productId, name: 'A thing', price: 100 }))
      await vi.waitFor(
        async () => must(await boss.order.adjustStock({ productId, change: 100_000, reason: 'delivered' })),
        10_000,
      )
      if (productId !== GOODS) learn('productId', productId)
    }
    const now = Date.now()
    const coupon = async (closesAt: number): Promise<string> => {
      const terms = {
        name: 'Off',
        kind: 'amount' as const,
        value: 10,
        quota: 1_000,
        opensAt: now - 3_600_000,
      }
      const usableUntil = now + 7_200_000
      return must(await boss.coupon.createCoupon({ ...terms, closesAt, usableUntil })).couponId
    }
    for (const closesAt of [now + 3_600_000, now - 1]) learn('couponId', await coupon(closesAt))
    unclaimed = await coupon(now + 3_600_000)
    for (const buyer of buyers)
      for (const paid of [false, false, true, true]) {
        const lines = [{ productId: 'fuzz-1', quantity: 5 }]
        const { orderId } = must(await buyer.order.placeOrder({ lines, expectedTotal: 500 }))
        if (paid)
          learn('paymentId', must(await buyer.payment.payOrder({ orderId, token: 'tok_ok' })).paymentId)
        learn('orderId', orderId)
      }
    const { channelId } = must(await boss.account.createChannel({ name: 'till' }))
    learn('channelId', channelId)
    learn('keyId', must(await boss.account.issueChannelKey({ channelId })).keyId)
    for (const version of [1, 2, 3]) learn('version', version)
    learn('token', 'tok_ok')
    for (const expectedTotal of [100, 200, 300]) learn('expectedTotal', expectedTotal)
    learn('opensAt', now)
    learn('closesAt', now + 3_600_000)
    learn('usableUntil', now + 7_200_000)
    learn('quota', 1_000)
    learn('guestRef', 'till 7')
    learn('quantity', 1)
    learn('lineNo', 0)
    learn('state', 'sent')
    await watch.atRest()
    for (const { mail_id } of await watch.rows('SELECT mail_id FROM mails')) learn('mailId', mail_id)
    for (const { member_id } of await watch.rows(
      'SELECT member_id FROM sessions WHERE member_id IS NOT NULL',
    ))
      learn('actor', member_id)
  }

  /** Known values that suit this endpoint. A field's name may mean something else elsewhere. */
  function knownFor({ http, name, operation }: Endpoint): Known {
    const fields = (operation.input as unknown as JsonSchema).properties ?? {}
    return field => {
      if (field === 'productId' && name === 'createProduct') return []
      if (field === 'productId' && name === 'placeOrder') return [GOODS]
      if (field === 'token' && name !== 'payOrder') return []
      if (field === 'state' && name !== 'listMails') return []
      if (fields[field]?.pattern === CLIENT_CHOOSES && !http.path.includes(`:${field}`)) return []
      return known(field)
    }
  }

  function samples(endpoint: Endpoint, who: string, salt: number): Sample[] {
    const schema = endpoint.operation.input as unknown as JsonSchema
    const many = endpoint.name === 'placeOrder' ? ORDERS : FITTING
    const few = COSTLY_ONES.has(endpoint.name) || ENDING.has(endpoint.name)
    const seed = SEED + salt
    const good = fc.sample(fittingInput(schema, knownFor(endpoint)), {
      seed,
      numRuns: few ? COSTLY : many,
    })
    const bad = fc.sample(nearly(schema, knownFor(endpoint)), { seed, numRuns: few ? COSTLY : NEARLY })
    return [...good, ...bad].map(input => ({ endpoint, who, input }))
  }

  const requestOf = ({ endpoint, who, input }: Sample): RawRequest => ({
    ...rawRequest(endpoint.http, input),
    authorization: identities.get(who)!,
  })

  /** Asks, and judges what must never be. */
  async function ask(sample: Sample): Promise<RawAnswer> {
    const request = requestOf(sample)
    const answer = await wire.send(request)
    const told = () => `seed ${SEED}: ${JSON.stringify({ ...request, who: sample.who })} → ${answer.text}`
    if (answer.status >= 500 && !PROMISED.has(answer.code)) throw new Error(told())
    if (answer.status >= 300 && !Object.hasOwn(catalogue, answer.code)) throw new Error(told())
    return answer
  }

  async function signInAgain(who: string): Promise<void> {
    const own = credentials.get(who)
    if (!own) return
    const still = await people.person(identities.get(who)!).account.me({})
    if (!still.ok)
      identities.set(who, (await people.signIn({ email: own.email, password: own.password })).authorization)
  }

  async function askAll(all: readonly Sample[]): Promise<RawAnswer[]> {
    const answers: RawAnswer[] = []
    const endings = all.some(({ endpoint }) => ENDING.has(endpoint.name))
    const width = endings ? 1 : AT_ONCE
    for (let from = 0; from < all.length; from += width) {
      const batch = all.slice(from, from + width)
      answers.push(...(await Promise.all(batch.map(ask))))
      if (endings) await signInAgain(batch[0]!.who)
    }
    return answers
  }

  it(
    'never breaks, gets past validation everywhere, and changes nothing when it refuses',
    async () => {
      const outcomes = new Map<string, Set<string>>()
      const refused: (Sample & { code: string })[] = []
      let salt = 0
      for (const endpoint of endpoints) {
        const codes = new Set<string>()
        outcomes.set(endpoint.name, codes)
        for (const who of identities.keys()) {
          const all = samples(endpoint, who, salt++)
          const answers = await askAll(all)
          for (const [i, answer] of answers.entries()) {
            codes.add(answer.code)
            if (answer.code !== 'ok') refused.push({ ...all[i]!, code: answer.code })
          }
        }
      }
      const unreached = [...outcomes].filter(([, codes]) =>
        [...codes].every(code => NOT_PAST_VALIDATION.has(code)),
      )
      expect(unreached.map(([name, codes]) => [name, [...codes]])).toEqual([])
      const without = [...outcomes].filter(([name, codes]) => !codes.has('ok') && !(name in NEVER_SUCCEEDS))
      expect(without.map(([name, codes]) => [name, [...codes]])).toEqual([])

      const undone = refused.filter(
        ({ code, endpoint }) => endpoint.name === 'placeOrder' && UNDONE.has(code),
      )
      undone.push(...certainlyUndone())
      const others = refused.filter(
        one => !undone.includes(one) && !EXCUSED.has(one.code) && !ENDING.has(one.endpoint.name),
      )
      await refusedForNothing(others, () => watch.fingerprint())
      await refusedForNothing(undone, async () => {
        const tables = Object.entries(await watch.fingerprint()).filter(([name]) => !TRACES.includes(name))
        return [tables, ...(await Promise.all(HELD.map(query => watch.rows(query))))]
      })
    },
    PATIENCE_MS,
  )

  /** Orders whose stock is there, and whose coupon or points are not. */
  function certainlyUndone(): (Sample & { code: string })[] {
    const endpoint = endpoints.find(({ name }) => name === 'placeOrder')!
    const lines = [{ productId: GOODS, quantity: 1 }]
    return [
      { code: 'coupon_not_usable', input: { lines, expectedTotal: 90, couponId: unclaimed } },
      { code: 'insufficient_points', input: { lines, expectedTotal: 0, points: 100 } },
    ].map(one => ({ ...one, endpoint, who: 'member' }))
  }

  /** Asks what was refused again, of a ledger at rest. What succeeds now is left out of the next round. */
  async function refusedForNothing(samples: readonly Sample[], held: () => Promise<unknown>): Promise<void> {
    let left = samples
    for (let round = 0; round < 5; round++) {
      left = left.map(sample => withFreshIds(sample, round))
      await watch.atRest()
      const before = await held()
      const answers = await askAll(left)
      const still = left.filter((_, i) => answers[i]!.code !== 'ok' && !EXCUSED.has(answers[i]!.code))
      if (still.length === left.length) {
        await watch.atRest()
        expect(await held()).toEqual(before)
        return
      }
      left = still
    }
    throw new Error('something goes on succeeding')
  }
}

onEveryShop('every endpoint under fire', suite)
