// The relay on real ledgers: each event's effect once, in order per key, whatever happens to relays.

import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { event, isHere, isInOrder, log, Testbed, WAYS } from '../../tests/support/event-bed.ts'
import { scratchEngines } from '../../tests/support/ledgers.ts'
import { waitFor } from '../engines/wait-for.ts'
import { LedgerUnavailable } from '../sql/errors.ts'
import { appendEvents } from '../sql/once.ts'
import type { PlatformTables } from '../sql/platform-tables.ts'
import type { Consumer } from './consumer.ts'
import { outboxLag } from './outbox-lag.ts'
import { Relay } from './relay.ts'
import { LEASE_MS } from './shard-leases.ts'
import type { Transport } from './transport.ts'

/** ms; far above what any condition here takes. */
const PATIENCE_MS = 20_000

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  expect(await waitFor(condition, PATIENCE_MS)).toBe(true)
}

const cases = scratchEngines().flatMap(engine => WAYS.map(way => ({ engine, way })))

for (const { engine, way } of cases) {
  describe.skipIf(!isHere(way))(`relay on ${engine.name}, ${way}`, () => {
    let bed: Testbed
    const through = (consumers: readonly Consumer[], ledger = bed.ledger): Transport =>
      bed.through(way, consumers, ledger)
    beforeAll(async () => {
      bed = await Testbed.open(engine)
    })
    beforeEach(async () => {
      if (way === 'kafka') await bed.useKafka()
      await bed.clear()
    })
    afterAll(() => bed.drop())

    it('delivers what a process left that died between commit and publish', async () => {
      await bed.emit(event('a', 1), event('b', 1), event('a', 2))
      const relay = bed.relay(through([bed.recorder('one'), bed.recorder('two')]), 'later')
      await bed.untilEmpty(relay)
      for (const name of ['one', 'two'])
        expect((await bed.effects(name)).sort()).toEqual(['a@1', 'a@2', 'b@1'])
    })

    it('does nothing twice where a relay died between publish and delete', async () => {
      await bed.emit(event('a', 1), event('b', 1))
      const inner = through([bed.recorder('one')])
      let heard = false
      const dying: Transport = {
        ...inner,
        async publish(events, fence) {
          await inner.publish(events, fence)
          heard = true
          return new Promise(() => {}) // the process is gone
        },
      }
      const first = bed.relay(dying, 'first')
      void first.turn()
      await until(() => heard)
      expect(await bed.outbox()).toHaveLength(2)
      await bed.emit(event('a', 2))
      bed.now += LEASE_MS
      await bed.untilEmpty(bed.relay(through([bed.recorder('one')]), 'second', bed.other))
      expect((await bed.effects('one')).sort()).toEqual(['a@1', 'a@2', 'b@1'])
    })

    it('gives each change of hands a new fence', async () => {
      const fences = async () => {
        const rows = await bed.ledger
          .reads<PlatformTables>()
          .selectFrom('outbox_shards')
          .selectAll()
          .execute()
        return rows.map(row => `${row.owner} ${row.fence - before.get(row.shard)!}`)
      }
      const rows = await bed.ledger.reads<PlatformTables>().selectFrom('outbox_shards').selectAll().execute()
      const before = new Map(rows.map(row => [row.shard, row.fence]))
      const [one, two] = ['one', 'two'].map(owner => bed.relay(through([]), owner))
      await one!.turn()
      bed.now += LEASE_MS - 1
      await one!.turn()
      expect(new Set(await fences())).toEqual(new Set(['one 1']))
      bed.now += LEASE_MS
      await two!.turn()
      expect(new Set(await fences())).toEqual(new Set(['two 2']))
    })

    describe('copies', () => {
      /** `effects` has one row an event at most, by consumer, key and version. */
      const copier = (handled: string[], name = 'copier'): Consumer => ({
        ...bed.recorder(name, events => {
          handled.push(...events.map(({ key, version }) => `${key}@${version}`))
          if (events.some(({ key }) => key === 'poison')) throw new Error('poison')
        }),
        copy: {
          table: 'effects',
          columns: () => ({ consumer: `'${name}'`, event_key: 'event_key', version: 'version' }),
          where: field => `${field('key')} <> 'dull'`,
        },
      })

      it('are written with the deletion, and nobody else hears less', async () => {
        const handled: string[] = []
        await bed.emit(
          event('a', 1),
          event('dull', 1),
          event('b', 1),
          event('a', 2),
          event('c', 1, 'order.new'),
        )
        await bed.untilEmpty(bed.relay(through([bed.recorder('one'), copier(handled)]), 'relay'))
        expect(handled).toEqual([])
        expect((await bed.effects('copier')).sort()).toEqual(['a@1', 'a@2', 'b@1'])
        expect((await bed.effects('one')).sort()).toEqual(['a@1', 'a@2', 'b@1', 'dull@1'])
      })

      it('that cannot be written are handed over, and the poisoned one is found', async () => {
        const handled: string[] = []
        // What the copy would write a second time is in the way of all others.
        await bed.recorder('copier').handle([event('b', 1)])
        await bed.emit(event('a', 1), event('b', 1), event('poison', 1), event('c', 1))
        await bed.untilEmpty(bed.relay(through([copier(handled)]), 'relay'))
        expect((await bed.effects('copier')).sort()).toEqual(['a@1', 'b@1', 'c@1'])
        expect((await bed.letters()).map(letter => letter.event)).toEqual(['poison@1'])
        // While there are letters, what comes later of their keys waits behind them.
        await bed.emit(event('poison', 2), event('d', 1))
        bed.now += 60_000
        await bed.untilEmpty(bed.relay(through([copier(handled)]), 'later'))
        expect((await bed.letters()).map(letter => letter.event)).toEqual(['poison@1', 'poison@2'])
        expect(handled).toContain('d@1')
      })

      it('are not written by a relay that lost its shards', async () => {
        await bed.emit(event('a', 1))
        const inner = through([bed.recorder('one'), copier([])])
        const slow: Transport = {
          ...inner,
          async publish(events, fence) {
            bed.now += LEASE_MS + 1
            await bed.untilEmpty(bed.relay(through([copier([])]), 'second', bed.other))
            return inner.publish(events, fence)
          },
        }
        const first = bed.relay(slow, 'first')
        await first.turn()
        await first.turn()
        expect(await bed.effects('copier')).toEqual(['a@1'])
      })
    })

    it('deletes unread what nobody wants', async () => {
      await bed.emit(event('a', 1, 'order.placed'), event('a', 2, 'order.cancelled'))
      expect(await outboxLag(bed.ledger, () => bed.now + 70)).toEqual({ depth: 2, oldestAgeMs: 70 })
      await bed.untilEmpty(bed.relay(through([bed.recorder('one')]), 'relay'))
      expect(await bed.effects('one')).toEqual([])
      expect(await outboxLag(bed.ledger, bed.clock)).toEqual({ depth: 0, oldestAgeMs: 0 })
    })

    it('shares shards fairly between two relays, each effect once and in order', async () => {
      bed.realTime = true
      const deps = { clock: Date.now, log }
      const two = [bed.ledger, bed.other].map((ledger, i) => {
        const transport = through([bed.recorder('one'), bed.recorder('two')], ledger)
        return new Relay({ ...deps, ledger, transport, owner: `relay-${i}` })
      })
      for (const relay of two) relay.start()
      const expected: string[] = []
      for (let version = 1; version <= 20; version++) {
        const events = Array.from({ length: 40 }, (_, i) => event(`key-${i}`, version))
        expected.push(...events.map(({ key }) => `${key}@${version}`))
        await bed.emit(...events)
      }
      await until(async () => (await bed.outbox()).length === 0)
      await until(() => two.every(relay => relay.status.shards === 8))
      await Promise.all(two.map(relay => relay.stop()))
      for (const name of ['one', 'two']) {
        const effects = await bed.effects(name)
        expect(isInOrder(effects)).toBe(true)
        expect(effects.sort()).toEqual(expected.sort())
      }
    })

    it('writes nothing more after it lost its lease in mid-publish', async () => {
      let open = (): void => {}
      const gate = new Promise<void>(resolve => {
        open = resolve
      })
      let sending = 0
      const slow: Transport = {
        types: ['order.paid'],
        copies: null,
        async publish(events) {
          sending += events.length
          await gate
          return events.map(() => 'done' as const)
        },
        shardsTaken() {},
      }
      await bed.emit(event('a', 1), event('b', 1))
      const loser = bed.relay(slow, 'loser')
      const turn = loser.turn()
      await until(() => sending === 2)
      bed.now += LEASE_MS
      const winner = bed.relay(through([bed.recorder('one')]), 'winner', bed.other)
      await winner.turn()
      open()
      await turn
      await loser.stop()
      expect(await bed.outbox()).toEqual(['a@1', 'b@1'])
      await bed.untilEmpty(winner)
      expect((await bed.effects('one')).sort()).toEqual(['a@1', 'b@1'])
    })

    it('delivers an event that was committed late under a lower number', async () => {
      const relay = bed.relay(through([bed.recorder('one')]), 'relay')
      await sql`INSERT INTO outbox (seq, shard, event_key, version, type, payload, created_at)
        VALUES (1000, 3, 'early', 1, 'order.paid', '{}', 0)`.execute(bed.ledger.migrator())
      await bed.untilEmpty(relay)
      // Half a minute passes, with other events: whatever the relay remembers has settled.
      for (let i = 1; i <= 30; i++) {
        await bed.emit(event('busy', i))
        await bed.untilEmpty(relay)
        bed.now += 1_000
      }
      await sql`INSERT INTO outbox (seq, shard, event_key, version, type, payload, created_at)
        VALUES (7, 3, 'late', 1, 'order.paid', '{}', 0)`.execute(bed.ledger.migrator())
      // No lock held its number, which cannot happen; the safety net finds it within a minute all the same.
      await bed.turns(relay, async () => {
        bed.now += 1_000
        return (await bed.outbox()).length === 0
      })
      expect(await bed.effects('one')).toContain('late@1')
    })

    it('gets rid of what nobody wants while a consumer takes its time', async () => {
      let open = (): void => {}
      const gate = new Promise<void>(resolve => {
        open = resolve
      })
      const relay = bed.relay(through([bed.recorder('slow', () => gate)]), 'relay')
      await bed.emit(event('a', 1))
      for (let i = 0; i < 6; i++)
        await bed.emit(...Array.from({ length: 500 }, (_, n) => event(`${i}-${n}`, 1, 'order.placed')))
      const turn = relay.turn()
      const few = async () => (await bed.outbox()).length <= 1_001
      // Kafka's answer does not wait for the consumer, and the turn with it.
      if (way === 'kafka') await turn.then(() => bed.turns(relay, few))
      else await until(few)
      expect(await bed.effects('slow')).toEqual([])
      open()
      await turn
      await bed.untilEmpty(relay)
      expect(await bed.effects('slow')).toEqual(['a@1'])
    })

    it('sends again, uncounted, what was under way when the ledger went away', async () => {
      let away = true
      const inner = through([bed.recorder('one')])
      const shaky: Transport = {
        ...inner,
        publish: (events, fence) => {
          expect(events.every(each => each.attempt === 0)).toBe(true)
          return away ? Promise.reject(new LedgerUnavailable('away')) : inner.publish(events, fence)
        },
      }
      await bed.emit(event('a', 1), event('a', 2))
      const relay = bed.relay(shaky, 'relay')
      for (let i = 0; i < 10; i++) {
        await expect(relay.turn()).rejects.toThrow('away')
        bed.now += 50
      }
      away = false
      await bed.untilEmpty(relay)
      expect(await bed.effects('one')).toEqual(['a@1', 'a@2'])
    })

    it('wakes by a nudge and gives its shards back when stopped', async () => {
      const relay = bed.relay(through([bed.recorder('one')]), 'relay')
      relay.start()
      await until(() => relay.status.shards === 16)
      await bed.emit(event('a', 1))
      relay.nudge()
      await until(async () => (await bed.effects('one')).length === 1)
      await relay.stop()
      expect(await bed.outbox()).toEqual([])
      const rows = await bed.ledger.reads<PlatformTables>().selectFrom('outbox_shards').selectAll().execute()
      expect(rows.every(row => row.leased_until === 0)).toBe(true)
    })
  })
}

for (const engine of scratchEngines().filter(({ url }) => url !== undefined)) {
  describe(`commits that overtake each other on ${engine.name}`, () => {
    let bed: Testbed
    beforeAll(async () => {
      bed = await Testbed.open(engine)
    })
    afterAll(() => bed.drop())

    it('keeps the order of a key though its first event commits a minute after it got its number', async () => {
      const relay = bed.relay(bed.direct([bed.recorder('one')]), 'relay')
      let commit = (): void => {}
      const slow = new Promise<void>(resolve => {
        commit = resolve
      })
      let written = false
      const late = bed.other.write<PlatformTables, void>(async tx => {
        await appendEvents(tx, [event('order', 1)], bed.now)
        written = true
        await slow
      })
      await until(() => written)
      for (let i = 1; i <= 60; i++) {
        await bed.emit(event('busy', i))
        await bed.untilEmpty(relay)
        bed.now += 1_000
      }
      commit()
      await late
      await bed.emit(event('order', 2))
      await bed.untilEmpty(relay)
      expect((await bed.effects('one')).filter(effect => effect.startsWith('order'))).toEqual([
        'order@1',
        'order@2',
      ])
    })
  })
}
