// The line of claims on a real Kafka: order, once, and an end for every record, whoever dies when.

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Kafka, PublishUnknown } from '../../platform/kafka/kafka.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import { ClaimBed, codeOf, counted, memberCall, type Process } from '../../tests/support/claim-bed.ts'
import { kafkaBrokers, type LedgerEngine, onEveryLedger } from '../../tests/support/engines.ts'
import { owed } from './block-store.ts'
import type { AcceptedClaim } from './contract.ts'
import { GONE_MS } from './line-sweeps.ts'
import { TOPIC } from './queue-consumer.ts'
import { writeRecord } from './queue-record.ts'
import type { CouponTables } from './tables.ts'
import { readTicket } from './ticket.ts'

const members = (many: number, name = 'm') => Array.from({ length: many }, (_, i) => `${name}_${i}`)

function suite(engine: LedgerEngine): void {
  let bed: ClaimBed
  beforeAll(async () => {
    bed = await ClaimBed.open(engine)
    // Topics are made with the first.
    await bed.process('kafka', { consumes: false })
  }, 60_000)
  afterAll(() => bed?.drop())

  /** Accepts, and leaves undecided: nobody consumes. */
  async function accept(
    process: Process,
    couponId: string,
    member: string,
    key = member,
  ): Promise<AcceptedClaim> {
    const answer = await bed.ask(process, couponId, member, key)
    if (!answer.ok || answer.value.state !== 'accepted' || !('ticket' in answer.value))
      throw new Error(`not accepted: ${codeOf(answer)}`)
    return answer.value
  }
  const progress = (process: Process, member: string, { couponId, ticket }: AcceptedClaim) =>
    process.module.door.claimProgress(memberCall(member, 'look'), { couponId, ticket })
  const placeOf = (claim: AcceptedClaim) => readTicket(claim.ticket)!
  const blocks = (couponId: string) =>
    bed.scratch.ledger
      .reads<CouponTables>()
      .selectFrom('coupon_blocks')
      .selectAll()
      .where('coupon_id', '=', couponId)
      .orderBy('leased_at')
      .execute()
  const buried = () =>
    bed.scratch.ledger.reads<CouponTables>().selectFrom('coupon_dead_records').selectAll().execute()
  /** The record of an accepted claim, as its partition's reader is handed it. */
  const recordOf = (claim: AcceptedClaim, member: string, key = member) => {
    const { blockId: block, index, partition, offset } = placeOf(claim)
    const { couponId, claimedAt: at } = claim
    const call = memberCall(member, `${couponId} ${key}`)
    const { key: recordKey, value } = writeRecord({ couponId, memberId: member, block, index, at, call })
    return { topic: TOPIC, partition, offset, key: recordKey, value, timestamp: at }
  }
  const consumeBy = (process: Process) => {
    const groups = bed.consume(process.module)
    return () => Promise.all(groups.map(group => group.stop()))
  }

  it('issues to those who came first, by the order of the line', async () => {
    const couponId = await bed.coupon(100)
    const processes = [
      await bed.process('kafka', { consumes: false }),
      await bed.process('kafka', { consumes: false }),
    ]
    const who = members(300)
    const accepted = await Promise.all(who.map((member, i) => accept(processes[i % 2]!, couponId, member)))
    const order = who
      .map((member, i) => ({ member, offset: placeOf(accepted[i]!).offset }))
      .sort((a, b) => a.offset - b.offset)
    const stop = consumeBy(processes[0]!)
    const ends = await Promise.all(
      who.map((member, i) => bed.ending(processes[1]!, couponId, member, accepted[i]!.ticket)),
    )
    expect(counted(ends)).toEqual({ ok: 100, coupon_sold_out: 200 })
    const { members: holders, issued } = await bed.books(couponId)
    expect(issued).toBe(100)
    expect(holders).toEqual(new Set(order.slice(0, 100).map(each => each.member)))
    await stop()
  })

  it('says accepted, and nothing of issued, until it is decided; and only to its member', async () => {
    const couponId = await bed.coupon(5)
    const process = await bed.process('kafka', { consumes: false })
    const mine = await accept(process, couponId, 'm_mine')
    const next = await accept(process, couponId, 'm_next')
    const answer = await process.module.door.claimCoupon(memberCall('m_mine', `${couponId} m_mine`), {
      couponId,
    })
    expect(answer).toMatchObject({ ok: true, accepted: true, value: { state: 'accepted' } })
    const told = await progress(process, 'm_next', next)
    expect(told).toMatchObject({ ok: true, value: { state: 'accepted', claim: null, refusal: null } })
    expect(told.ok && told.value.place!.ahead).toBeGreaterThanOrEqual(1)
    expect(await bed.books(couponId)).toMatchObject({ issued: 0, claims: 0 })
    const shown = await process.module.door.myCoupons(memberCall('m_mine', 'look'), {})
    expect(shown).toMatchObject({ ok: true, value: { claims: [] } })
    for (const ticket of [
      mine.ticket,
      `${mine.ticket.slice(0, -1)}_`,
      'nonsense',
      mine.ticket.replace('.0.', '.1.'),
    ])
      expect(codeOf(await progress(process, 'm_other', { ...mine, ticket }))).toBe('not_found')
    const stop = consumeBy(process)
    expect(codeOf(await bed.ending(process, couponId, 'm_mine', mine.ticket))).toBe('ok')
    const issued = await progress(process, 'm_mine', mine)
    expect(issued).toMatchObject({
      value: { state: 'issued', place: null, claim: { state: 'issued', claimedAt: mine.claimedAt } },
    })
    await stop()
  })

  it('decides once what comes again because a process ended between the ledger and the offset', async () => {
    const couponId = await bed.coupon(3)
    const process = await bed.process('kafka', { consumes: false })
    const accepted = await Promise.all(members(6).map(member => accept(process, couponId, member)))
    const [options] = process.module.groups!
    let handled = 0
    const group = bed.kafka!.group({
      ...options!,
      async handle(records) {
        await options!.handle(records)
        handled++
        // The ledger has it, and its offset is never committed.
        if (handled === 1) throw new Error('ended')
      },
    })
    group.start()
    await vi.waitUntil(() => handled >= 2, { timeout: 20_000, interval: 10 })
    const ends = await Promise.all(
      members(6).map((member, i) => bed.ending(process, couponId, member, accepted[i]!.ticket)),
    )
    expect(counted(ends)).toEqual({ ok: 3, coupon_sold_out: 3 })
    expect(await bed.books(couponId)).toMatchObject({ issued: 3, claims: 3 })
    const [block] = await blocks(couponId)
    expect(block!.decided).toBe(6)
    expect(block!.outcomes.replaceAll('.', '')).toBe('iiisss')
    await group.stop()
  })

  it('buries what is no claim, with its cause, and goes on behind it', async () => {
    const couponId = await bed.coupon(5)
    const process = await bed.process('kafka', { consumes: false })
    const publisher = bed.kafka!.publisher(TOPIC)
    const first = await accept(process, couponId, 'm_first')
    const record = recordOf(first, 'm_first')
    const form = JSON.parse(record.value) as object
    const odd = [
      'no JSON',
      '[]',
      JSON.stringify({ ...form, v: 99 }),
      JSON.stringify({ ...form, index: 5_000 }),
      JSON.stringify({ ...form, member: 'x'.repeat(100) }),
      JSON.stringify({ ...form, block: 'unknown-block' }),
      JSON.stringify({ ...form, index: 999 }),
    ]
    for (const value of odd) await publisher.publish({ key: couponId, value })
    // A coupon that there is not, and one whose block this is not.
    await publisher.publish({ key: 'no-coupon', value: record.value })
    await publisher.publish({ key: await bed.coupon(1), value: record.value })
    const last = await accept(process, couponId, 'm_last')
    const stop = consumeBy(process)
    for (const [member, claim] of [
      ['m_first', first],
      ['m_last', last],
    ] as const)
      expect(codeOf(await bed.ending(process, couponId, member, claim.ticket))).toBe('ok')
    await vi.waitUntil(async () => (await buried()).length === odd.length + 2, { timeout: 20_000 })
    const causes = (await buried()).map(row => row.cause).sort()
    expect(causes).toEqual(
      [
        `block ${placeOf(first).blockId} has 60 places`,
        `block ${placeOf(first).blockId} is of another coupon`,
        `block ${placeOf(first).blockId} is of another coupon`,
        'its index does not fit',
        'its member does not fit',
        'its version is 99, not 1',
        'its version is undefined, not 1',
        'it is no JSON',
        'there is no block unknown-block',
      ].sort(),
    )
    expect(await bed.books(couponId)).toMatchObject({ issued: 2, claims: 2 })
    await stop()
  })

  it('counts from the ledger what may be owed, whoever died, and settles it once the line has passed', async () => {
    const couponId = await bed.coupon(5)
    const dies = await bed.process('kafka', { consumes: false })
    const accepted = await Promise.all(members(3).map(member => accept(dies, couponId, member)))
    // Places that were never given out count too: nobody can tell any more.
    expect(await owed(bed.scratch.ledger, couponId)).toBe(60)
    const process = await bed.process('kafka', { consumes: false })
    const sweep = process.module.sweeps.find(each => each.name === 'coupon.voidPlaces')!
    await sweep.run(bed.clock())
    bed.ahead = GONE_MS + 1_000
    // Not before the last record that may have been published is known to be behind the group.
    for (let i = 0; i < 3; i++) await sweep.run(bed.clock())
    expect(await owed(bed.scratch.ledger, couponId)).toBe(60)
    const stop = consumeBy(process)
    const ends = await Promise.all(
      members(3).map((member, i) => bed.ending(process, couponId, member, accepted[i]!.ticket)),
    )
    expect(counted(ends)).toEqual({ ok: 3 })
    await vi.waitUntil(
      async () => {
        await sweep.run(bed.clock())
        return (await owed(bed.scratch.ledger, couponId)) === 0
      },
      { timeout: 20_000, interval: 50 },
    )
    bed.ahead = 0
    const [block] = await blocks(couponId)
    expect([block!.decided, block!.outcomes]).toEqual([60, `iii${'v'.repeat(57)}`])
    // A record that comes all the same is decided like any other, and counts once.
    const late = recordOf({ ...accepted[0]!, claimedAt: bed.clock() }, 'm_late')
    const value = JSON.stringify({ ...(JSON.parse(late.value) as object), index: 10 })
    await process.module.groups![0]!.handle([{ ...late, value, offset: 1_000_000 }])
    expect(await bed.books(couponId)).toMatchObject({ issued: 4, claims: 4 })
    const [after] = await blocks(couponId)
    expect([after!.decided, after!.outcomes[10]]).toEqual([60, 'i'])
    await stop()
  })

  it('gives back the places that it does not need when it stops', async () => {
    const couponId = await bed.coupon(5)
    const process = await bed.process('kafka', { consumes: false })
    await accept(process, couponId, 'm_1')
    await accept(process, couponId, 'm_2')
    await process.module.drain()
    expect(await owed(bed.scratch.ledger, couponId)).toBe(2)
    const [block] = await blocks(couponId)
    expect([block!.outcomes, block!.closed_at === null]).toEqual([`..${'v'.repeat(58)}`, false])
  })

  it('answers a repeat the same here, and lets it in once elsewhere', async () => {
    const couponId = await bed.coupon(5)
    const here = await bed.process('kafka', { consumes: false })
    const elsewhere = await bed.process('kafka', { consumes: false })
    const [first, twin] = await Promise.all([accept(here, couponId, 'm_1'), accept(here, couponId, 'm_1')])
    expect(twin).toEqual(first)
    expect(await accept(here, couponId, 'm_1')).toEqual(first)
    const other = await here.module.door.claimCoupon(memberCall('m_1', `${couponId} m_1`, 'other'), {
      couponId,
    })
    expect(codeOf(other)).toBe('idempotency_key_reused')
    const again = await accept(elsewhere, couponId, 'm_1')
    expect(placeOf(again).blockId).not.toBe(placeOf(first).blockId)
    const own = await accept(elsewhere, couponId, 'm_1', 'another key')
    const stop = consumeBy(here)
    const endings = [first, again, own].map(({ ticket }) => bed.ending(here, couponId, 'm_1', ticket))
    const [one, two, three] = await Promise.all(endings)
    expect(two).toEqual(one)
    expect([codeOf(one!), codeOf(three!)]).toEqual(['ok', 'coupon_already_claimed'])
    expect(await bed.books(couponId)).toMatchObject({ issued: 1, claims: 1 })
    // The same key on another rung hears what was issued.
    const bySql = await bed.process('sql')
    const repeat = await bed.ask(bySql, couponId, 'm_1')
    expect(repeat.ok && repeat.value).toEqual(one!.ok && one!.value)
    await stop()
  })

  it('does not know whether it is in the line where Kafka does not say, and finds out by the same key', async () => {
    const couponId = await bed.coupon(5)
    let away = true
    const real = bed.kafka!
    const kafka: Kafka = {
      ...real,
      publisher(topic) {
        const publisher = real.publisher(topic)
        return {
          ...publisher,
          close: () => Promise.resolve(),
          waiting: 0,
          publishTogether: records => publisher.publishTogether(records),
          async publish(record) {
            const place = await publisher.publish(record)
            // It arrived, and the answer was lost.
            if (away) throw new PublishUnknown('lost')
            return place
          },
        }
      },
    }
    const process = await bed.process('kafka', { kafka, consumes: false })
    // Nobody goes past what is in the line, not even who may be in it.
    expect(codeOf(await bed.ask(process, couponId, 'm_1'))).toBe('outcome_unknown')
    const stop = consumeBy(process)
    away = false
    const again = await accept(process, couponId, 'm_1')
    expect(codeOf(await bed.ending(process, couponId, 'm_1', again.ticket))).toBe('ok')
    await expect.poll(async () => (await blocks(couponId))[0]!.decided).toBe(2)
    expect(await bed.books(couponId)).toMatchObject({ issued: 1, claims: 1 })
    await stop()
  })

  it('isolates a claim that the ledger cannot take, and gives up none where it takes nothing', async () => {
    let poison = 'm_3'
    const over = (ledger: Ledger): Ledger => ({
      ...ledger,
      lane(name) {
        const inner = ledger.lane(name)
        return {
          read: reads => inner.read(reads),
          attempt: (...all) => inner.attempt(...all),
          close: () => inner.close(),
          chains: false,
          transact: (reads, decide) =>
            inner.transact(reads, sets => {
              const writes = decide(sets)
              if (JSON.stringify(writes).includes(poison)) throw new Error('cannot take it')
              return writes
            }),
        }
      },
    })
    const couponId = await bed.coupon(20)
    const process = await bed.process('kafka', { consumes: false, over })
    const [options] = process.module.groups!
    const who = members(8)
    const accepted = await Promise.all(who.map(member => accept(process, couponId, member)))
    const records = accepted.map((claim, i) => recordOf(claim, who[i]!))
    await options!.handle(records)
    const { members: holders } = await bed.books(couponId)
    expect(holders).toEqual(new Set(who.filter(member => member !== 'm_3')))
    expect((await buried()).filter(row => row.cause === 'cannot take it')).toHaveLength(1)
    poison = couponId
    const more = await Promise.all(members(8, 'n').map(member => accept(process, couponId, member)))
    const next = more.map((claim, i) => recordOf(claim, `n_${i}`))
    await expect(options!.handle(next)).rejects.toThrow('cannot take it')
    poison = 'nobody'
    await options!.handle(next)
    expect((await bed.books(couponId)).claims).toBe(15)
  })

  it('refuses early who comes when all is gone, and lets in who comes after more were added', async () => {
    const couponId = await bed.coupon(2)
    const process = await bed.process('kafka')
    await Promise.all(members(4).map(member => bed.claim(process, couponId, member)))
    // No place in the line any more: the answer is there at once.
    expect(codeOf(await bed.ask(process, couponId, 'm_late'))).toBe('coupon_sold_out')
    await bed.raise(couponId, 3)
    expect(codeOf(await bed.claim(process, couponId, 'm_late'))).toBe('ok')
  })

  if (engine.name === 'mariadb')
    it('waits as a whole, in order, while somebody else holds its coupon', async () => {
      const couponId = await bed.coupon(2)
      const process = await bed.process('kafka', { consumes: false })
      const who = members(4)
      const accepted = await Promise.all(who.map(member => accept(process, couponId, member)))
      const order = who.toSorted(
        (a, b) => placeOf(accepted[who.indexOf(a)]!).offset - placeOf(accepted[who.indexOf(b)]!).offset,
      )
      const records = order.map(member => recordOf(accepted[who.indexOf(member)]!, member))
      let release = (): void => undefined
      const holding = new Promise<void>(resolve => {
        release = resolve
      })
      let held = false
      const holder = bed.scratch.ledger.write<CouponTables, void>(async tx => {
        await tx.selectFrom('coupons').selectAll().where('coupon_id', '=', couponId).forUpdate().execute()
        held = true
        await holding
      })
      await vi.waitUntil(() => held, { timeout: 20_000 })
      let done = false
      const handling = process.module.groups![0]!.handle(records).then(() => {
        done = true
      })
      // Several rounds of waiting.
      const started = Date.now()
      await vi.waitUntil(() => Date.now() - started > 150, { interval: 10 })
      expect(done).toBe(false)
      release()
      await Promise.all([holder, handling])
      expect((await bed.books(couponId)).members).toEqual(new Set(order.slice(0, 2)))
    })
}

onEveryLedger('the line of claims', engine => {
  if (kafkaBrokers() === undefined) describe.skipIf(true)('with Kafka', () => suite(engine))
  else describe('with Kafka', () => suite(engine))
})
