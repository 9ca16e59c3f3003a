// Coupon claims, quota = half of the requests, every claim from another member: those who win, those who come too
// late, and both at once.

import { couponContract } from '../../modules/coupon/contract.ts'
import type { CouponTables } from '../../modules/coupon/tables.ts'
import { createClient } from '../../platform/http/client.ts'
import { inArena } from '../support/arena.ts'
import { baselineNotes } from '../support/baselines.ts'
import type { BenchShop } from '../support/bench-shop.ts'
import { type Contender, Contest, contenderOf, yardstickOf } from '../support/contenders.ts'
import type { Measure } from '../support/measure.ts'
import { guests, signedInMembers } from '../support/members.ts'
import { orderOf, readRetailFile } from '../support/retail-file.ts'

/** Claims of one load, each by another member. */
const CLAIMS = 60_000
const HALF = CLAIMS / 2
const DAY_MS = 86_400_000

export const coupons: Measure = {
  name: 'coupons',
  summary: 'coupon claims: winners, refused, mixed; MariaDB beside bare Fastify',
  steps: run => Contest.steps(4, run),
  run: run =>
    inArena(run, async arena => {
      const retail = await readRetailFile()
      const shop = await arena.shop('mariadb')
      const members = await signedInMembers(shop.ledger, CLAIMS)
      const everybody = arena.file('members', members)
      const early = arena.file('early', members.slice(0, HALF))
      const late = arena.file('late', members.slice(HALF))
      const offer = await couponMaker(shop)

      const paths = (...couponIds: string[]) =>
        arena.file(
          'paths',
          couponIds.map(id => `/v1/coupons/${id}/claims`),
        )
      let couponId = ''
      const shopOf = contenderOf(shop)
      const winners: Contender = {
        ...shopOf,
        name: `${shopOf.name}: winners`,
        successes: ['201'],
        async load() {
          couponId = await offer(HALF)
          return { kind: 'claim', files: [paths(couponId), early], requests: HALF }
        },
      }
      // The same coupon, of which nothing is left.
      const refused: Contender = {
        ...shopOf,
        name: `${shopOf.name}: refused`,
        successes: ['409'],
        load: () => ({ kind: 'claim', files: [paths(couponId), late], requests: HALF }),
      }
      // In turns: one coupon that there is for all who ask for it, and one that nobody gets any more.
      const mixed: Contender = {
        ...shopOf,
        name: `${shopOf.name}: mixed`,
        successes: ['201', '409'],
        async load() {
          const files = [paths(await offer(HALF), await offer(0)), everybody]
          return { kind: 'claim', files, requests: CLAIMS }
        },
      }
      const orders = [
        arena.file('body', [orderOf(retail, [retail.hottest])]),
        arena.file('guests', guests(1)),
      ]
      const fastify: Contender = {
        ...yardstickOf('Bare Fastify POST', await arena.bareFastify()),
        successes: ['201'],
        load: () => ({ kind: 'order', files: orders }),
      }
      const contest = new Contest(run)
      const all = [fastify, winners, refused, mixed]
      await contest.hold(all)
      contest.problems.push(...(await strandedOrOver(shop)), ...(await shop.verify()))
      const row = (name: string, contender: Contender) => ({
        name: `coupon claims, ${name}, MariaDB ÷ bare Fastify POST`,
        value: contest.ratio(contender, fastify),
        unit: '×',
        goal: 0.7,
        floor: 0.35,
        better: 'higher' as const,
      })
      return {
        rows: [row('winners', winners), row('refused', refused), row('mixed', mixed)],
        notes: [...contest.notes(all, 'claims or requests'), ...baselineNotes(contest, { fastify })],
        problems: contest.problems,
      }
    }),
}

/** Makes coupons with a quota; returns their ids. */
async function couponMaker(shop: BenchShop): Promise<(quota: number) => Promise<string>> {
  const authorization = await shop.administrator()
  const coupon = createClient(couponContract, { baseUrl: shop.url, authorization })
  return async quota => {
    const now = Date.now()
    const times = { opensAt: now - DAY_MS, closesAt: now + DAY_MS, usableUntil: now + DAY_MS }
    const made = await coupon.createCoupon({ name: 'bench', kind: 'percent', value: 10, quota, ...times })
    if (!made.ok) throw new Error(`no coupon was made: ${made.refusal.detail}`)
    return made.value.couponId
  }
}

/** Of every coupon exactly the quota must be issued. */
async function strandedOrOver(shop: BenchShop): Promise<string[]> {
  const reads = shop.ledger.reads<CouponTables>()
  const rows = await reads.selectFrom('coupons').select(['coupon_id', 'quota', 'issued']).execute()
  const wrong = rows.filter(({ quota, issued }) => issued !== quota)
  return wrong.map(each => `coupon ${each.coupon_id}: ${each.issued} of ${each.quota} were issued`)
}
