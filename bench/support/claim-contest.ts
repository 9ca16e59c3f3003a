// Coupon claims beside bare Fastify, quota = half of the requests, every claim from another member: those who win,
// those who come too late, and both at once. For the rungs that answer with what was decided.

import type { Arena } from './arena.ts'
import { baselineNotes } from './baselines.ts'
import type { BenchShop } from './bench-shop.ts'
import { type Contender, Contest, contenderOf, yardstickOf } from './contenders.ts'
import { claimPath, couponMaker, strandedOrOver } from './coupons.ts'
import type { Outcome, Run } from './measure.ts'
import { guests, signedInMembers } from './members.ts'
import { orderOf, readRetailFile } from './retail-file.ts'

/** Claims of one load, each by another member. */
export const CLAIMS = 60_000
const HALF = CLAIMS / 2

export const claimSteps = (run: Run): number => Contest.steps(4, run)

/** Bare Fastify with an order's schema and payload. */
export async function barePost(arena: Arena): Promise<Contender> {
  const retail = await readRetailFile()
  const files = [arena.file('body', [orderOf(retail, [retail.hottest])]), arena.file('guests', guests(1))]
  return {
    ...yardstickOf('Bare Fastify POST', await arena.bareFastify()),
    successes: ['201'],
    load: () => ({ kind: 'order', files }),
  }
}

/** `rows`: how the rows are called, before `winners, MariaDB ÷ …`. */
export async function holdClaims(run: Run, arena: Arena, shop: BenchShop, rows: string): Promise<Outcome> {
  const members = await signedInMembers(shop.ledger, CLAIMS)
  const everybody = arena.file('members', members)
  const early = arena.file('early', members.slice(0, HALF))
  const late = arena.file('late', members.slice(HALF))
  const offer = await couponMaker(shop)

  const paths = (...couponIds: string[]) => arena.file('paths', couponIds.map(claimPath))
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
  const fastify = await barePost(arena)
  const contest = new Contest(run)
  const all = [fastify, winners, refused, mixed]
  await contest.hold(all)
  contest.problems.push(...(await strandedOrOver(shop)), ...(await shop.verify()))
  const engines = shop.name.slice('Levee, '.length)
  const row = (name: string, contender: Contender) => ({
    name: `${rows}, ${name}, ${engines} ÷ bare Fastify POST`,
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
}
