// Events through a real Kafka: nothing lost, each effect once and in order per key, whatever becomes of records, topics,
// relays and consumers.

import { Admin } from '@platformatic/kafka'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { kafkaBrokers } from '../../tests/support/engines.ts'
import { event, isHere, isInOrder, log, Testbed } from '../../tests/support/event-bed.ts'
import { scratchEngines } from '../../tests/support/ledgers.ts'
import { waitFor } from '../engines/wait-for.ts'
import { createDeadLetters } from './dead-letters.ts'
import type { DomainEvent } from './event.ts'
import { EVENTS_PARTITIONS, EVENTS_TOPIC, eventRecord } from './event-record.ts'
import { LEASE_MS } from './shard-leases.ts'
import type { Transport } from './transport.ts'
import { DOWN_AFTER_MS } from './unconfirmed.ts'

/** ms; far above what any condition here takes. */
const PATIENCE_MS = 20_000

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  expect(await waitFor(condition, PATIENCE_MS)).toBe(true)
}

function gate(): { open: () => void; passed: Promise<void> } {
  let open = (): void => {}
  const passed = new Promise<void>(resolve => {
    open = resolve
  })
  return { open, passed }
}

const recordOf = ({ key, version, type, payload }: DomainEvent, seq: number) =>
  eventRecord({
    seq,
    shard: 0,
    key,
    version,
    type,
    payload: JSON.stringify(payload),
    attempt: 0,
    madeAt: 1,
    copied: false,
  })

for (const engine of scratchEngines()) {
  describe.skipIf(!isHere('kafka'))(`events through Kafka on ${engine.name}`, () => {
    let bed: Testbed
    beforeAll(async () => {
      bed = await Testbed.open(engine)
    })
    beforeEach(async () => {
      await bed.useKafka()
      await bed.clear()
    })
    afterAll(() => bed.drop())

    /** Handled by every member of the group: what is there of the log was read. */
    const readToEnd = (consumer: string) =>
      until(async () => {
        const positions = await bed.kafka!.positions(`events-${consumer}`, EVENTS_TOPIC)
        return positions.every(({ committed, end }) => committed === end)
      })

    it('keeps a row until its last consumer has handled it', async () => {
      const { open, passed } = gate()
      const relay = bed.relay(
        bed.through('kafka', [bed.recorder('quick'), bed.recorder('slow', () => passed)]),
        'relay',
      )
      await bed.emit(event('a', 1))
      await bed.turns(relay, async () => (await bed.effects('quick')).length === 1)
      for (let i = 0; i < 20; i++) await relay.turn()
      expect(await bed.outbox()).toEqual(['a@1'])
      open()
      await bed.untilEmpty(relay)
      expect(await bed.effects('slow')).toEqual(['a@1'])
    })

    it('commits an offset only when its effects are in the ledger', async () => {
      const { open, passed } = gate()
      let heard = 0
      const consumer = bed.recorder('one', () => {
        heard++
        return passed
      })
      const relay = bed.relay(bed.through('kafka', [consumer]), 'relay')
      await bed.emit(event('a', 1))
      await bed.turns(relay, async () => heard > 0)
      const committed = async () =>
        (await bed.kafka!.positions('events-one', EVENTS_TOPIC)).reduce(
          (sum, each) => sum + each.committed,
          0,
        )
      expect(await committed()).toBe(0)
      open()
      await until(async () => (await committed()) === 1)
      expect(await bed.effects('one')).toEqual(['a@1'])
    })

    it('hears by their offsets of consumers in other processes', async () => {
      const consumers = [bed.recorder('one'), bed.recorder('two', undefined, ['order.placed'])]
      for (const group of bed.kafkaGroups(consumers)) group.start()
      const relay = bed.relay(bed.kafkaTransport(consumers), 'relay')
      for (let version = 1; version <= 3; version++)
        await bed.emit(event('a', version), event('b', version), event('c', version, 'order.placed'))
      await bed.untilEmpty(relay)
      expect(isInOrder(await bed.effects('one'))).toBe(true)
      expect((await bed.effects('one')).length).toBe(6)
      expect((await bed.effects('two')).length).toBe(3)
      expect(await bed.letters()).toEqual([])
    })

    it('sends nothing of a key while an earlier event of it may be lost', async () => {
      const { open, passed } = gate()
      const relay = bed.relay(bed.through('kafka', [bed.recorder('one', () => passed)]), 'relay')
      const end = async () =>
        (await bed.kafka!.positions('events-one', EVENTS_TOPIC)).reduce((sum, each) => sum + each.end, 0)
      await bed.emit(event('a', 1))
      await bed.turns(relay, async () => (await end()) === 1)
      await bed.emit(event('a', 2), event('b', 1))
      await bed.turns(relay, async () => (await end()) === 2)
      for (let i = 0; i < 20; i++) await relay.turn()
      expect(await end()).toBe(2)
      open()
      await bed.untilEmpty(relay)
      expect((await bed.effects('one')).sort()).toEqual(['a@1', 'a@2', 'b@1'])
    })

    it('sends again what a topic lost, and nothing takes effect out of order', async () => {
      const consumers = [bed.recorder('one')]
      const relay = bed.relay(bed.kafkaTransport(consumers), 'relay')
      await bed.emit(event('a', 1), event('a', 2), event('b', 1))
      const ends = async () =>
        (await bed.kafka!.positions('events-one', EVENTS_TOPIC)).reduce((sum, each) => sum + each.end, 0)
      await bed.turns(relay, async () => (await ends()) === 3)
      const admin = new Admin({ clientId: 'test', bootstrapBrokers: kafkaBrokers()!.split(',') })
      const [topic] = (await admin.listTopics()).filter(name => name.startsWith(bed.prefix))
      await admin.deleteTopics({ topics: [topic!] })
      await until(async () => !(await admin.listTopics()).includes(topic!))
      await admin.close()
      await bed.kafka!.ensureTopics([{ name: EVENTS_TOPIC, partitions: EVENTS_PARTITIONS }])
      for (const group of bed.kafkaGroups(consumers)) group.start()
      await bed.emit(event('a', 3))
      await bed.untilEmpty(relay)
      const effects = await bed.effects('one')
      expect(isInOrder(effects)).toBe(true)
      expect(effects.sort()).toEqual(['a@1', 'a@2', 'a@3', 'b@1'])
    })

    it('does no harm where a relay that lost its shards sends late what others have sent since', async () => {
      const consumers = [bed.recorder('one')]
      const inner = bed.through('kafka', consumers)
      const { open, passed } = gate()
      const stale: Transport = {
        ...inner,
        async publish(events, fence) {
          await passed
          return inner.publish(events, fence)
        },
      }
      await bed.emit(event('a', 1))
      const loser = bed.relay(stale, 'loser')
      const turn = loser.turn()
      await until(async () => loser.status.waiting === 1)
      bed.now += LEASE_MS
      await bed.emit(event('a', 2), event('a', 3), event('b', 1))
      const winner = bed.relay(bed.kafkaTransport(consumers, bed.other), 'winner', bed.other)
      await bed.untilEmpty(winner)
      open()
      await turn
      await loser.stop()
      await readToEnd('one')
      expect((await bed.effects('one')).sort()).toEqual(['a@1', 'a@2', 'a@3', 'b@1'])
      expect(isInOrder(await bed.effects('one'))).toBe(true)
    })

    it('lets an event take effect once, however often it is in the log', async () => {
      const publisher = bed.kafka!.publisher(EVENTS_TOPIC)
      for (const group of bed.kafkaGroups([bed.recorder('one')])) group.start()
      const events = [
        event('a', 1),
        event('a', 2),
        event('b', 1),
        event('a', 1),
        event('a', 3),
        event('a', 2),
      ]
      for (const round of [1, 2])
        for (const [i, each] of events.entries()) await publisher.publish(recordOf(each, round * 100 + i))
      await readToEnd('one')
      expect((await bed.effects('one')).sort()).toEqual(['a@1', 'a@2', 'a@3', 'b@1'])
    })

    it('parks what is no event, once, and goes on behind it', async () => {
      const publisher = bed.kafka!.publisher(EVENTS_TOPIC)
      const deps = [bed.recorder('one')]
      const [group] = bed.kafkaGroups(deps)
      for (const value of ['', '{"type":"order.paid"', '{"type":"order.paid","version":"x","payload":{}}'])
        await publisher.publish({ key: 'a', value })
      await publisher.publish(recordOf(event('a', 1), 1))
      group!.start()
      await readToEnd('one')
      expect(await bed.effects('one')).toEqual(['a@1'])
      const letters = await bed.letters()
      expect(letters.map(letter => letter.consumer)).toEqual(['one', 'one', 'one'])
      expect(letters.map(letter => letter.cause).join()).toMatch(/no JSON.*no JSON.*version/)
      // As after a commit that was lost: the same records once more, from another member.
      await group!.stop()
      const again = bed.anotherKafka(kafkaBrokers()!, bed.prefix)
      const [other] = bed.kafkaGroups(deps, undefined, bed.ledger, again)
      await bed.rewind('events-one')
      other!.start()
      await until(() => other!.status.handled === 4)
      await again.close()
      expect(await bed.letters()).toHaveLength(3)
      expect(await bed.effects('one')).toEqual(['a@1'])
    })

    it('finds the poisoned event, parks what follows of its key, and delivers the rest', async () => {
      const consumer = bed.recorder('one', events => {
        if (events.some(({ key }) => key === 'bad')) throw new Error('poison')
      })
      const relay = bed.relay(bed.through('kafka', [consumer]), 'relay')
      await bed.emit(event('a', 1), event('bad', 1), event('b', 1), event('bad', 2))
      await bed.untilEmpty(relay)
      expect((await bed.effects('one')).sort()).toEqual(['a@1', 'b@1'])
      const letters = await bed.letters()
      expect(letters.map(letter => letter.event)).toEqual(['bad@1', 'bad@2'])
      expect(letters[0]!.cause).toContain('poison')
    })

    it('lets a dead consumer hold up nobody: its events are parked, and it gets them in order later', async () => {
      const alive = bed.recorder('alive')
      const dead = bed.recorder('dead')
      const transport = bed.kafkaTransport([alive, dead])
      for (const group of bed.kafkaGroups([alive], transport.took)) group.start()
      const relay = bed.relay(transport, 'relay')
      await bed.emit(event('a', 1), event('b', 1))
      await bed.turns(relay, async () => (await bed.effects('alive')).length === 2)
      expect(await bed.outbox()).toHaveLength(2)
      bed.now += DOWN_AFTER_MS
      await bed.emit(event('a', 2), event('c', 1))
      await bed.turns(relay, async () => (await bed.effects('alive')).length === 4)
      await bed.turns(relay, async () => (await bed.outbox()).length === 1) // the probe
      expect(transport.consumersDown).toEqual(['dead'])
      // It comes up: what it reads of the topic queues up behind what is parked.
      for (const group of bed.kafkaGroups([dead], transport.took)) group.start()
      await bed.untilEmpty(relay)
      expect(transport.consumersDown).toEqual([])
      const { sweep } = createDeadLetters({
        ...{ ledger: bed.ledger, clock: bed.clock, log, consumers: [dead] },
      })
      await bed.turns(relay, async () => {
        await sweep.run(bed.now)
        return (await bed.letters()).length === 0
      })
      const effects = await bed.effects('dead')
      expect(isInOrder(effects)).toBe(true)
      expect(effects.sort()).toEqual(['a@1', 'a@2', 'b@1', 'c@1'])
    })

    it('may be left for direct delivery at any moment', async () => {
      const sending = bed.relay(bed.kafkaTransport([bed.recorder('one')]), 'by-kafka')
      await bed.emit(event('a', 1), event('a', 2), event('b', 1))
      await sending.turn()
      bed.now += LEASE_MS
      await bed.emit(event('a', 3))
      await bed.untilEmpty(bed.relay(bed.direct([bed.recorder('one')]), 'direct', bed.other))
      for (const group of bed.kafkaGroups([bed.recorder('one')])) group.start()
      await readToEnd('one')
      const effects = await bed.effects('one')
      expect(isInOrder(effects)).toBe(true)
      expect(effects.sort()).toEqual(['a@1', 'a@2', 'a@3', 'b@1'])
    })

    it('gives what no broker takes to its consumers all the same', async () => {
      const one = bed.recorder('one')
      const relay = bed.relay(bed.through('kafka', [one]), 'relay')
      const huge = { ...event('a', 1), payload: { text: 'x'.repeat(2_000_000) } }
      await bed.emit(huge, event('a', 2), event('b', 1))
      await bed.untilEmpty(relay)
      const { sweep } = createDeadLetters({ ledger: bed.ledger, clock: bed.clock, log, consumers: [one] })
      await sweep.run(bed.now)
      const effects = await bed.effects('one')
      expect(isInOrder(effects)).toBe(true)
      expect(effects.sort()).toEqual(['a@1', 'a@2', 'b@1'])
    })
  })
}
