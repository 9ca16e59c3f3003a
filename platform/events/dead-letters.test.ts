// Poisoned events and consumers that are down: nobody else waits for them, nothing is lost, order stays.

import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { event, isInOrder, log, Testbed } from '../../tests/support/event-bed.ts'
import { scratchEngines } from '../../tests/support/ledgers.ts'
import { LedgerUnavailable } from '../sql/errors.ts'
import type { Consumer } from './consumer.ts'
import { ATTEMPTS, ConsumerLane, Sent } from './consumer-lane.ts'
import { createDeadLetters } from './dead-letters.ts'
import { park } from './dead-letters-store.ts'
import { createDirectTransport } from './direct-transport.ts'

/** More keys in a row than say that a consumer is down. */
const REFUSED = 5

for (const engine of scratchEngines()) {
  describe(`dead letters on ${engine.name}`, () => {
    let bed: Testbed
    /** Events that make `sick` throw. */
    let poison: Set<string>
    let down: boolean
    let calls: string[][]
    let sick: Consumer
    let well: Consumer
    const deadLetters = () =>
      createDeadLetters({ ledger: bed.ledger, clock: bed.clock, log, consumers: [sick, well] })
    const relay = () => bed.relay(bed.direct([sick, well]), `relay-${bed.now}`)

    beforeAll(async () => {
      bed = await Testbed.open(engine)
    })
    beforeEach(async () => {
      await bed.clear()
      poison = new Set()
      down = false
      calls = []
      well = bed.recorder('well')
      sick = bed.recorder('sick', events => {
        const names = events.map(({ key, version }) => `${key}@${version}`)
        calls.push(names)
        if (down) throw new Error('the consumer is down')
        const bad = names.find(name => poison.has(name))
        if (bad !== undefined) throw new Error(`cannot take ${bad}`)
      })
    })
    afterAll(() => bed.drop())

    it('parks a poisoned event after its tries and the key’s later ones behind it; others go on', async () => {
      poison.add('a@2')
      await bed.emit(...[1, 2, 3].flatMap(version => ['a', 'b', 'c', 'd'].map(key => event(key, version))))
      await bed.untilEmpty(relay())
      const letters = await bed.letters()
      expect(letters.map(letter => [letter.consumer, letter.event])).toEqual([
        ['sick', 'a@2'],
        ['sick', 'a@3'],
      ])
      expect(letters[0]!.cause).toContain('cannot take a@2')
      expect(letters[1]!.cause).toBe(`behind ${letters[0]!.seq}`)
      expect(calls.filter(names => names.length === 1 && names[0] === 'a@2').length).toBe(ATTEMPTS)
      expect(await bed.effects('well')).toHaveLength(12)
      const effects = await bed.effects('sick')
      expect(effects).toHaveLength(10)
      expect(isInOrder(effects)).toBe(true)
    })

    it('queues behind the letters of another relay, and replays all in order', async () => {
      poison.add('a@1')
      await bed.emit(event('a', 1))
      await bed.untilEmpty(relay())
      await bed.emit(event('a', 2), event('b', 1))
      bed.now += 10_000
      await bed.untilEmpty(relay())
      await bed.emit(event('a', 3))
      bed.now += 10_000
      await bed.untilEmpty(relay())
      expect((await bed.letters()).map(letter => letter.event)).toEqual(['a@1', 'a@2', 'a@3'])
      expect(await bed.effects('sick')).toEqual(['b@1'])

      expect(await deadLetters().replay('sick', 'a')).toEqual({ replayed: 0, failed: 1 })
      expect(await bed.letters()).toHaveLength(3)
      poison.clear()
      expect(await deadLetters().replay('sick', 'a')).toEqual({ replayed: 3, failed: 0 })
      expect(await bed.letters()).toEqual([])
      await bed.emit(event('a', 4))
      bed.now += 10_000
      await bed.untilEmpty(relay())
      expect(await bed.effects('sick')).toEqual(['b@1', 'a@1', 'a@2', 'a@3', 'a@4'])
    })

    it('replays nothing twice when two do it at once', async () => {
      poison.add('a@1')
      await bed.emit(event('a', 1), event('a', 2), event('a', 3))
      await bed.untilEmpty(relay())
      poison.clear()
      await Promise.all([deadLetters().replay('sick', 'a'), deadLetters().replay('sick', 'a')])
      expect(await bed.letters()).toEqual([])
      expect(await bed.effects('sick')).toEqual(['a@1', 'a@2', 'a@3'])
    })

    it('parks what comes while a consumer is down, and revives it in order when it is back', async () => {
      const events = [1, 2, 3].flatMap(version =>
        Array.from({ length: 30 }, (_, i) => event(`k${i}`, version)),
      )
      const one = relay()
      down = true
      await bed.emit(...events.slice(0, 60))
      await bed.untilEmpty(one)
      expect(await bed.effects('well')).toHaveLength(60)
      expect(await bed.letters()).toHaveLength(60)
      const asked = calls.length
      expect(asked).toBeLessThan(30) // not each event by itself
      await bed.emit(...events.slice(60))
      await bed.untilEmpty(one)
      const dead = deadLetters()
      expect(await dead.sweep.run(bed.now)).toBe(0)
      expect(await bed.letters()).toHaveLength(90)
      down = false
      // The first run begins past those that just failed, the second with them.
      const revived = [await dead.sweep.run(bed.now), await dead.sweep.run(bed.now)]
      expect(revived[0]! + revived[1]!).toBe(90)
      expect(await bed.letters()).toEqual([])
      const effects = await bed.effects('sick')
      expect(effects).toHaveLength(90)
      expect(isInOrder(effects)).toBe(true)
      // And by itself it notices that the consumer takes events again.
      bed.now += 2_000
      await bed.emit(event('k1', 4), event('k2', 4))
      await bed.untilEmpty(one)
      expect(await bed.letters()).toEqual([])
      expect(await bed.effects('sick')).toHaveLength(92)
    })

    it('takes no ledger that is away for a consumer that is down, event by event', async () => {
      let away = true
      const hears: Consumer = {
        ...{ name: 'hears', types: ['thing.happened'] },
        handle: async () => {
          if (away) throw new LedgerUnavailable('away')
        },
      }
      const lane = new ConsumerLane(hears, { ledger: bed.ledger, clock: bed.clock, log })
      const sent = (i: number) =>
        new Sent({
          ...event(`k${i}`, 1),
          payload: '{}',
          seq: i,
          shard: 3,
          attempt: 0,
          copied: false,
          madeAt: 1,
        })
      const deliver = (i: number) => lane.deliver([sent(i)], async () => new Set([3]))
      for (let i = 0; i < REFUSED; i++) await expect(deliver(i)).rejects.toThrow('away')
      away = false
      expect(lane.down).toBe(false)
      expect(await deliver(REFUSED)).toEqual(['done'])
      expect(await bed.letters()).toEqual([])
    })

    it('leaves to an operator what fails alone while the rest of its consumer is revived', async () => {
      down = true
      await bed.emit(...Array.from({ length: 10 }, (_, i) => event(`k${i}`, 1)))
      await bed.untilEmpty(relay())
      down = false
      poison.add('k3@1')
      const dead = deadLetters()
      expect(await dead.sweep.run(bed.now)).toBe(9)
      expect((await bed.letters()).map(letter => letter.event)).toEqual(['k3@1'])
      expect((await bed.letters())[0]!.cause).not.toContain('down: ')
      calls = []
      expect(await dead.sweep.run(bed.now)).toBe(0)
      expect(calls).toEqual([])
      poison.clear()
      expect(await dead.replay('sick', 'k3')).toEqual({ replayed: 1, failed: 0 })
    })

    it('revives what stands behind letters that fail again and again', async () => {
      down = true
      await bed.emit(...Array.from({ length: 10 }, (_, i) => event(`k${i}`, 1)))
      await bed.untilEmpty(relay())
      down = false
      const order = (await bed.letters()).map(letter => letter.event)
      for (const bad of order.slice(0, 7)) poison.add(bad)
      const dead = deadLetters()
      let revived = 0
      for (let run = 0; run < 5; run++) revived += await dead.sweep.run(bed.now)
      expect(revived).toBe(3)
      expect((await bed.letters()).map(letter => letter.event)).toEqual(order.slice(0, 7))
    })

    it('does not wait for a consumer that hangs', async () => {
      let open = (): void => {}
      const gate = new Promise<void>(resolve => {
        open = resolve
      })
      const stuck = bed.recorder('stuck', () => gate)
      const transport = bed.direct([stuck, well], 20)
      const one = bed.relay(transport, 'relay')
      await bed.emit(event('a', 1), event('b', 1), event('a', 2))
      await bed.untilEmpty(one)
      expect(await bed.effects('well')).toHaveLength(3)
      expect((await bed.letters()).every(letter => letter.cause.startsWith('down: '))).toBe(true)
      open()
      const dead = createDeadLetters({ ledger: bed.ledger, clock: bed.clock, log, consumers: [stuck] })
      expect(await dead.sweep.run(bed.now)).toBe(3)
      const effects = await bed.effects('stuck')
      expect(isInOrder(effects)).toBe(true)
      expect(effects.sort()).toEqual(['a@1', 'a@2', 'b@1'])
    })

    it('parks a payload that is no JSON', async () => {
      await sql`INSERT INTO outbox (shard, event_key, version, type, payload, created_at)
        VALUES (0, 'broken', 1, 'order.paid', '{"half":', 0)`.execute(bed.ledger.migrator())
      await bed.emit(event('a', 1))
      await bed.untilEmpty(relay())
      expect((await bed.letters()).map(letter => [letter.consumer, letter.event]).sort()).toEqual([
        ['sick', 'broken@1'],
        ['well', 'broken@1'],
      ])
      expect(await bed.effects('sick')).toEqual(['a@1'])
    })

    it('parks nothing without the fence, nothing twice, and nothing behind what is gone', async () => {
      const parcel = (version: number, cause: string | null) => {
        const one = event('a', version)
        const payload = JSON.stringify(one.payload)
        return {
          event: { ...one, payload, seq: version, shard: 3, attempt: 0, copied: false, madeAt: 1 },
          cause,
        }
      }
      const fence = (shard: number) => async () => new Set([shard])
      const put = (parcels: ReturnType<typeof parcel>[], shard: number) =>
        park(bed.ledger, 'sick', parcels, fence(shard), bed.now)
      expect(await put([parcel(1, 'x')], 4)).toEqual(['again'])
      expect(await put([parcel(2, null)], 3)).toEqual(['again'])
      expect(await put([parcel(1, 'x'.repeat(5_000))], 3)).toEqual(['done'])
      expect(await put([parcel(1, 'x'), parcel(2, null)], 3)).toEqual(['done', 'done'])
      const letters = await bed.letters()
      expect(letters.map(letter => letter.event)).toEqual(['a@1', 'a@2'])
      expect(letters[0]!.cause).toBe('x'.repeat(1_000))
    })

    it('refuses consumers that cannot work', () => {
      const deps = { ledger: bed.ledger, clock: bed.clock, log }
      const named = (name: string, types = ['order.paid']) => bed.recorder(name, () => {}, types)
      expect(() => createDirectTransport([named('twice'), named('twice')], deps)).toThrow('two consumers')
      expect(() => createDirectTransport([named('x'.repeat(41))], deps)).toThrow('1 to 40')
      expect(() => createDirectTransport([named('both', ['order.paid', 'product.changed'])], deps)).toThrow(
        'make it two',
      )
    })
  })
}
