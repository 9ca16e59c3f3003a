// Coupon claims on the kafka rung: how fast they are accepted, how fast one partition is decided, and how long an
// accepted one waits for that.

import type { CouponTables } from '../../modules/coupon/tables.ts'
import { type Arena, inArena } from '../support/arena.ts'
import { baselineNotes } from '../support/baselines.ts'
import type { BenchShop } from '../support/bench-shop.ts'
import { barePost, CLAIMS } from '../support/claim-contest.ts'
import { CONNECTIONS, type Contender, Contest, contenderOf } from '../support/contenders.ts'
import { claimPath, couponMaker, strandedOrOver } from '../support/coupons.ts'
import { fillLine, LINE_PATIENCE_MS, lineDecided, steadyClaims } from '../support/line.ts'
import { LineLooker, LOOK_EVERY_MS } from '../support/line-looker.ts'
import { type Measure, median, quantile } from '../support/measure.ts'
import { signedInMembers } from '../support/members.ts'

/** Claims that lie in the line when the consumer begins: seconds of its work. */
const BACKLOG = 40_000
/** So many of them find one left. */
const QUOTA = BACKLOG / 2
/** The consumer's first claims, which are not counted: its code is compiled. */
const WARM_UP = 20_000
/** Part of the accept rate at which claims come while their waits are measured. */
const HALF = 0.5
const LOOK_EVERY_ISSUED_MS = 5

export const couponsKafka: Measure = {
  name: 'coupons-kafka',
  summary: 'coupon claims through Kafka: accepted, drained on one partition, from accepted to decided',
  steps: run => Contest.steps(2, run) + 2 * run.rounds,
  run: run =>
    inArena(run, async arena => {
      const shop = await kafkaShop(arena)
      const members = await signedInMembers(shop.ledger, CLAIMS)
      const offer = await couponMaker(shop)
      const drains = await drainer(arena)
      const fastify = await barePost(arena)
      let couponId = ''
      const accepted: Contender = {
        ...contenderOf(shop),
        name: `${shop.name}: accepted`,
        successes: ['202'],
        async load() {
          couponId = await offer(CLAIMS)
          const files = [arena.file('paths', [claimPath(couponId)]), arena.file('members', members)]
          return { kind: 'claim', files, requests: CLAIMS }
        },
        settle: () => allIssued(shop, couponId, CLAIMS),
      }
      const contest = new Contest(run)
      const all = [fastify, accepted]
      const ratios: number[] = []
      const rates: number[] = []
      const p50s: number[] = []
      const p99s: number[] = []
      const paces: number[] = []
      await contest.hold(all, async round => {
        const acceptRate = contest.round(accepted, round).rate
        const rate = await drains.drain(BACKLOG, QUOTA)
        rates.push(rate)
        ratios.push(rate / acceptRate)
        run.step()
        const pace = acceptRate * HALF
        const some = members.slice(0, Math.min(CLAIMS, Math.ceil(pace * run.seconds)))
        const { waits, problems } = await steadyClaims(shop, await offer(some.length), some, pace)
        contest.problems.push(...problems)
        p50s.push(quantile(waits, 0.5))
        p99s.push(quantile(waits, 0.99))
        paces.push(pace)
        run.step()
      })
      contest.problems.push(...drains.problems)
      for (const each of [shop, drains.shop])
        contest.problems.push(...(await strandedOrOver(each)), ...(await each.verify()))
      const engines = shop.name.slice('Levee, '.length)
      return {
        rows: [
          {
            ...{ name: `coupon claims accepted through Kafka, ${engines} ÷ bare Fastify POST` },
            ...{ value: contest.ratio(accepted, fastify), unit: '×' },
            ...{ goal: 0.5, floor: 0.25, better: 'higher' },
          },
          {
            ...{ name: 'coupon claims, consumer drain rate ÷ accept rate, one partition' },
            ...{ value: median(ratios), unit: '×', goal: 2, floor: 1, better: 'higher' },
          },
          {
            ...{ name: 'coupon claims, accepted → decided, p99 at half the accept rate' },
            ...{ value: median(p99s), unit: 'ms', goal: 50, floor: 250, better: 'lower' },
          },
        ],
        notes: [
          ...contest.notes(all, 'claims or requests'),
          ...baselineNotes(contest, { fastify }),
          `accepted beside the group of the same process, which decides what it can meanwhile; CPU until all are decided`,
          `drained: ${Math.round(median(rates)).toLocaleString('en-GB')} claims/s, ${BACKLOG} for one coupon that lay in ` +
            `the line, one shop's group alone, ${QUOTA} of them issued and the others refused`,
          `accepted → decided at ${Math.round(median(paces))} claims/s: p50 ${median(p50s).toFixed(1)} ms, p99 ` +
            `${median(p99s).toFixed(1)} ms; from the arrival of the 202 to the moment that the ledger, looked at every ` +
            `${LOOK_EVERY_MS} ms, was seen to have decided it`,
          `slowest answer of the load itself: p99 ${contest.middle(accepted, CONNECTIONS).p99.toFixed(1)} ms`,
        ],
        problems: contest.problems,
      }
    }),
}

const kafkaShop = (arena: Arena): Promise<BenchShop> =>
  arena.shop('mariadb', { with: ['redis', 'kafka'], env: { LEVEE_RUNG_COUPON_CLAIM: 'kafka' } })

/** A shop of its own, that hangs while its line is filled and then decides it with nothing else to do. */
async function drainer(arena: Arena) {
  const shop = await kafkaShop(arena)
  const offer = await couponMaker(shop)
  const problems: string[] = []
  async function drain(claims: number, quota: number): Promise<number> {
    const looker = new LineLooker(shop.ledger)
    const stands = await fillLine(shop, [await offer(quota)], claims, looker)
    const late = await lineDecided(looker, stands)
    await looker.stop()
    if (late !== null) problems.push(`drained: ${late}`)
    return looker.rate(stands)
  }
  await drain(WARM_UP, WARM_UP)
  return { shop, problems, drain }
}

/** Waits until so many of a coupon are issued. Null, or what is wrong. */
async function allIssued(shop: BenchShop, couponId: string, quota: number): Promise<string | null> {
  const deadline = performance.now() + LINE_PATIENCE_MS
  for (;;) {
    const { issued } = await shop.ledger
      .reads<CouponTables>()
      .selectFrom('coupons')
      .select('issued')
      .where('coupon_id', '=', couponId)
      .executeTakeFirstOrThrow()
    if (issued === quota) return null
    if (performance.now() > deadline) return `only ${issued} of ${quota} accepted claims were issued`
    await new Promise(resolve => setTimeout(resolve, LOOK_EVERY_ISSUED_MS))
  }
}
