import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { event, isInOrder, Testbed } from '../../tests/support/event-bed.ts'
import { scratchEngines } from '../../tests/support/ledgers.ts'
import { aboveWatermarks, freshEvents } from './inbox.ts'

const stream = fc
  .array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 0, max: 9 })), { maxLength: 40 })
  .map(pairs => pairs.map(([key, version]) => event(key, version)))

describe('watermarks', () => {
  it('let each version take effect at most once and never backwards, however a stream is cut or repeated', () => {
    fc.assert(
      fc.property(stream, fc.integer({ min: 1, max: 10 }), (events, size) => {
        const known = new Map<string, number>()
        const applied: string[] = []
        for (let i = 0; i < events.length; i += size) {
          const batch = events.slice(i, i + size)
          for (const again of [false, true]) {
            const { fresh, raised } = aboveWatermarks(known, batch)
            if (again) expect(fresh).toEqual([])
            for (const [key, version] of raised) known.set(key, version)
            applied.push(...fresh.map(({ key, version }) => `${key}@${version}`))
          }
        }
        expect(isInOrder(applied)).toBe(true)
        // What came in order all took effect.
        const whole = aboveWatermarks(new Map(), events)
        expect(applied).toEqual(whole.fresh.map(({ key, version }) => `${key}@${version}`))
      }),
    )
  })
})

for (const engine of scratchEngines()) {
  describe(`inbox on ${engine.name}`, () => {
    let bed: Testbed
    beforeAll(async () => {
      bed = await Testbed.open(engine)
    })
    beforeEach(() => bed.clear())
    afterAll(() => bed.drop())

    const take = (consumer: string, ...events: ReturnType<typeof event>[]) =>
      bed.ledger.write(tx => freshEvents(tx, bed.ledger.dialect, consumer, events, bed.now))

    it('remembers by consumer and key', async () => {
      expect(await take('one', event('a', 2), event("b'\\", 1))).toHaveLength(2)
      expect(await take('one', event('a', 1), event('a', 2), event("b'\\", 1))).toEqual([])
      expect(await take('two', event('a', 2))).toHaveLength(1)
      expect(await take('one', event('a', 3), event('A', 1))).toHaveLength(2)
      expect(await take('one')).toEqual([])
    })

    it('forgets what was rolled back', async () => {
      const failing = bed.ledger.write(async tx => {
        await freshEvents(tx, bed.ledger.dialect, 'one', [event('a', 1)], bed.now)
        throw new Error('no effect')
      })
      await expect(failing).rejects.toThrow('no effect')
      expect(await take('one', event('a', 1))).toHaveLength(1)
    })

    it('lets one of several who race for the same new keys apply each event', async () => {
      const rounds = 30
      for (let round = 0; round < rounds; round++) {
        const batch = Array.from({ length: 20 }, (_, i) => event(`${round}-${i % 15}`, Math.floor(i / 15)))
        const racers = [bed.ledger, bed.other, bed.ledger, bed.other].map(ledger =>
          bed.recorder('one', () => {}, [], ledger).handle(batch),
        )
        await Promise.all(racers)
      }
      const effects = await bed.effects('one')
      expect(effects).toHaveLength(rounds * 20)
      expect(isInOrder(effects)).toBe(true)
    })

    it('takes a thousand new keys in one go', async () => {
      const events = Array.from({ length: 1_000 }, (_, i) => event(`key-${i}`, 1))
      expect(await take('one', ...events)).toEqual(events)
      expect(await take('one', ...events)).toEqual([])
    })
  })
}
