// What a group does with the records that it is given, without a Kafka.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { event, isInOrder, log, Testbed } from '../../tests/support/event-bed.ts'
import { scratchEngines } from '../../tests/support/ledgers.ts'
import type { TakenRecord } from '../kafka/kafka.ts'
import { LedgerUnavailable } from '../sql/errors.ts'
import { park } from './dead-letters-store.ts'
import { type DomainEvent, shardOf } from './event.ts'
import { eventRecord } from './event-record.ts'
import { EventTaker } from './kafka-consumers.ts'
import type { OutboxEvent } from './transport.ts'

const outboxEvent = ({ key, version, type, payload }: DomainEvent, seq: number): OutboxEvent => {
  const text = JSON.stringify(payload)
  return { seq, shard: shardOf(key), key, version, type, payload: text, attempt: 0, copied: false, madeAt: 1 }
}

function taken(events: readonly DomainEvent[], partition = 0, from = 1): TakenRecord[] {
  return events.map((each, i) => ({
    ...eventRecord(outboxEvent(each, partition * 1_000 + from + i)),
    ...{ topic: 'events', partition, offset: from + i, timestamp: 0 },
  }))
}

for (const engine of scratchEngines()) {
  describe(`a consumer of the topic on ${engine.name}`, () => {
    let bed: Testbed
    beforeAll(async () => {
      bed = await Testbed.open(engine)
    })
    beforeEach(async () => {
      await bed.clear()
      bed.realTime = true
    })
    afterAll(() => bed.drop())

    const takerOf = (before: (events: readonly DomainEvent[]) => void | Promise<void>, told: string[] = []) =>
      new EventTaker(bed.recorder('one', before), {
        ...{ ledger: bed.ledger, clock: bed.clock, log, kafka: { group: () => null as never } },
        took: (_, events) => void told.push(...events.map(({ key, version }) => `${key}@${version}`)),
      })

    it('takes what several partitions bring as one batch, and answers each when all of its own is done', async () => {
      const sizes: number[] = []
      const taker = takerOf(events => void sizes.push(events.length))
      const parts = [0, 1, 2].map(partition =>
        taken(
          [event(`a${partition}`, 1), event(`b${partition}`, 1), event('x', 1, 'stock.counted')],
          partition,
        ),
      )
      await Promise.all(parts.map(part => taker.take(part)))
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(6)
      expect(sizes.length).toBeLessThan(3)
      expect(await bed.effects('one')).toHaveLength(6)
    })

    it('does not let a poisoned event of one partition hold up another', async () => {
      const told: string[] = []
      const taker = takerOf(events => {
        if (events.some(({ key }) => key === 'bad')) throw new Error('poison')
      }, told)
      const bad = taker.take(taken([event('bad', 1), event('bad', 2), event('good', 1)], 0))
      await taker.take(taken([event('a', 1)], 1))
      expect(await bed.letters()).toEqual([])
      await bad
      expect((await bed.letters()).map(letter => letter.event)).toEqual(['bad@1', 'bad@2'])
      expect((await bed.effects('one')).sort()).toEqual(['a@1', 'good@1'])
      // What is parked is settled too: its row may leave the outbox.
      expect(told.sort()).toEqual(['a@1', 'bad@1', 'bad@2', 'good@1'])
    })

    it('lets a later event wait behind one that somebody else has parked', async () => {
      const taker = takerOf(() => {})
      await taker.take(taken([event('x', 1)]))
      // A relay saw its record lost, and the group silent.
      const parcel = { event: outboxEvent(event('a', 1), 7), cause: 'down: not handled in time' }
      await park(bed.ledger, 'one', [parcel], async () => new Set([parcel.event.shard]), bed.now)
      await taker.take(taken([event('a', 2), event('b', 1)], 0, 9))
      expect((await bed.letters()).map(letter => letter.event)).toEqual(['a@1', 'a@2'])
      expect((await bed.effects('one')).sort()).toEqual(['b@1', 'x@1'])
    })

    it('hands nothing out of its hands while the ledger is away: all of it comes again', async () => {
      let away = true
      const told: string[] = []
      const taker = takerOf(() => {
        if (away) throw new LedgerUnavailable('away')
      }, told)
      const records = [0, 1].map(partition => taken([event(`a${partition}`, 1)], partition))
      for (const each of await Promise.allSettled(records.map(part => taker.take(part))))
        expect(each.status).toBe('rejected')
      expect(told).toEqual([])
      away = false
      await Promise.all(records.map(part => taker.take(part)))
      const effects = await bed.effects('one')
      expect(effects.sort()).toEqual(['a0@1', 'a1@1'])
      expect(isInOrder(effects)).toBe(true)
      expect(await bed.letters()).toEqual([])
    })
  })
}
