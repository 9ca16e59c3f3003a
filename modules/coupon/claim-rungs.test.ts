// The same rush on every rung of coupon.claim, on real engines: exactly the quota, one a member, none stranded.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  ClaimBed,
  type ClaimRungName,
  claimRungs,
  codeOf,
  counted,
  type Process,
} from '../../tests/support/claim-bed.ts'
import { type LedgerEngine, onEveryLedger } from '../../tests/support/engines.ts'

const HOUR_MS = 3_600_000
const MEMBERS = 2_000
const UNITS = 500
type Stand = ClaimRungName | readonly ClaimRungName[]
const PAIRS: readonly (readonly [Stand, Stand])[] = [
  ['redis', 'sql'],
  ['kafka', 'redis'],
  ['kafka', 'sql'],
  // On another rung at every call: a ladder cannot move more than that.
  [
    ['redis', 'sql'],
    ['sql', 'redis'],
  ],
  [
    ['kafka', 'redis', 'sql'],
    ['sql', 'redis', 'kafka'],
  ],
]

const members = (many: number, name = 'm') => Array.from({ length: many }, (_, i) => `${name}_${i}`)

function suite(engine: LedgerEngine, rung: ClaimRungName): void {
  let bed: ClaimBed
  let processes: [Process, Process]
  beforeAll(async () => {
    bed = await ClaimBed.open(engine)
    processes = [await bed.process(rung), await bed.process(rung)]
  }, 60_000)
  afterAll(() => bed?.drop())

  const all = (couponId: string, who: readonly string[], key = (member: string) => member) =>
    Promise.all(who.map((member, i) => bed.claim(processes[i % 2]!, couponId, member, key(member))))

  it(`issues ${UNITS} to ${MEMBERS} members who ask again and again, through both processes`, async () => {
    const couponId = await bed.coupon(UNITS)
    const who = members(MEMBERS)
    const asked = await Promise.all([
      all(couponId, who),
      // A client that asks again, elsewhere, before it has heard.
      all(couponId, [who[1]!, ...who.slice(1)]),
      all(couponId, who.slice(0, 300), member => `${member} other`),
    ])
    const heard = asked.flat()
    for (const result of heard)
      expect(['ok', 'coupon_sold_out', 'coupon_already_claimed']).toContain(codeOf(result))
    const { issued, claims, members: holders } = await bed.books(couponId)
    expect([issued, claims, holders.size]).toEqual([UNITS, UNITS, UNITS])
    // Whoever heard that it has one, has it; and every one of them heard so.
    const told = new Set(heard.flatMap(result => (result.ok ? [result.value.claimId] : [])))
    expect(told).toEqual(new Set([...holders].map(member => `${couponId}.${member}`)))
    const again = await all(couponId, who)
    for (const [i, result] of again.entries()) {
      const [first] = asked.map(results => results[i]).filter(each => each?.ok)
      if (!holders.has(who[i]!)) expect(codeOf(result)).toBe('coupon_sold_out')
      else if (result.ok) expect(result.value).toEqual(first!.ok && first!.value)
      else expect(codeOf(result)).toBe('coupon_already_claimed')
    }
    const others = await all(couponId, who, member => `${member} third`)
    expect(counted(others)).toEqual({ coupon_already_claimed: UNITS, coupon_sold_out: MEMBERS - UNITS })
    await bed.raise(couponId, UNITS + 7)
    // Who is told that all are gone is told so of some moment ago.
    await expect
      .poll(
        async () => {
          await all(couponId, members(5, 'late'))
          await all(couponId, members(5, 'later'))
          return (await bed.books(couponId)).issued
        },
        { timeout: 10_000 },
      )
      .toBe(UNITS + 7)
  })

  it('says of a coupon that there is none, or not now', async () => {
    const now = bed.clock()
    const early = await bed.coupon(5, { opensAt: now + HOUR_MS, closesAt: now + 2 * HOUR_MS })
    const late = await bed.coupon(5, { opensAt: now - 2 * HOUR_MS, closesAt: now - HOUR_MS })
    for (const couponId of [early, late])
      expect(counted(await all(couponId, members(20)))).toEqual({ coupon_not_open: 20 })
    expect(counted(await all('nothing', members(20)))).toEqual({ coupon_unknown: 20 })
    expect((await bed.books(early)).claims).toBe(0)
  })

  it('opens on time for those who asked before', async () => {
    const couponId = await bed.coupon(3, { opensAt: bed.clock() + 1_000 })
    const ask = () => all(couponId, members(5))
    expect(counted(await ask())).toEqual({ coupon_not_open: 5 })
    await expect
      .poll(
        async () => {
          await ask()
          return (await bed.books(couponId)).claims
        },
        { timeout: 10_000 },
      )
      .toBe(3)
  })

  it('shows what is issued among the coupons of a member, and nothing else', async () => {
    const couponId = await bed.coupon(1)
    expect(codeOf(await bed.claim(processes[0], couponId, 'm_first'))).toBe('ok')
    expect(codeOf(await bed.claim(processes[1], couponId, 'm_second'))).toBe('coupon_sold_out')
    for (const [member, many] of [
      ['m_first', 1],
      ['m_second', 0],
    ] as const)
      expect((await bed.books(couponId)).members.has(member)).toBe(many === 1)
  })
}

/** Two processes that stand on different rungs for one coupon, at once, or move all the time. */
function mixed(engine: LedgerEngine, rungs: readonly [Stand, Stand]): void {
  it('issues exactly the quota, one a member, and each answer is the same on both', async () => {
    const bed = await ClaimBed.open(engine)
    const processes = [await bed.process(rungs[0]), await bed.process(rungs[1])] as const
    const couponId = await bed.coupon(200)
    const who = members(500)
    const ask = (shift: number) =>
      Promise.all(who.map((member, i) => bed.claim(processes[(i + shift) % 2]!, couponId, member)))
    const [first, second] = await Promise.all([ask(0), ask(1)])
    for (const result of [...first, ...second]) expect(['ok', 'coupon_sold_out']).toContain(codeOf(result))
    const { issued, claims, members: holders } = await bed.books(couponId)
    expect([issued, claims, holders.size]).toEqual([200, 200, 200])
    const [third, fourth] = [await ask(0), await ask(1)]
    for (const [i, member] of who.entries()) {
      const answers = [third[i]!, fourth[i]!]
      if (holders.has(member))
        expect(answers.map(each => each.ok && each.value)).toEqual(
          Array(2).fill(third[i]!.ok && third[i]!.value),
        )
      expect(answers.map(codeOf)).toEqual(Array(2).fill(holders.has(member) ? 'ok' : 'coupon_sold_out'))
    }
    await bed.drop()
  }, 60_000)
}

onEveryLedger('claims', engine => {
  const { there, missing } = claimRungs()
  for (const rung of there) describe(`on the ${rung} rung`, () => suite(engine, rung))
  for (const rung of missing) describe.skipIf(true)(`on the ${rung} rung`, () => suite(engine, rung))
  for (const rungs of PAIRS) {
    const [one, two] = rungs.map(stand => [stand].flat().join(', '))
    const title = `on the ${one} and the ${two} rung`
    if (rungs.flat().some(rung => missing.includes(rung)))
      describe.skipIf(true)(title, () => mixed(engine, rungs))
    else describe(title, () => mixed(engine, rungs))
  }
})
