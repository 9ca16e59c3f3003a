import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Call } from '../../platform/contract/call.ts'
import type { Door } from '../../platform/contract/operation.ts'
import { createDeadLetters } from '../../platform/events/dead-letters.ts'
import type { PlatformTables } from '../../platform/sql/platform-tables.ts'
import { event, log, Testbed } from '../../tests/support/event-bed.ts'
import { scratchEngines } from '../../tests/support/ledgers.ts'
import type { eventContract } from './contract.ts'
import { createEvent } from './index.ts'

const operator: Call = {
  principal: { kind: 'member', id: 'm_1', roles: ['operator'], channelId: null, email: null },
  requestId: 'r-1',
  deadline: Number.MAX_SAFE_INTEGER,
  idempotency: null,
}

for (const engine of scratchEngines()) {
  describe(`event module on ${engine.name}`, () => {
    let bed: Testbed
    let ill = true
    let door: Door<typeof eventContract>
    beforeAll(async () => {
      bed = await Testbed.open(engine)
    })
    beforeEach(async () => {
      await bed.clear()
      ill = true
      const consumers = [
        bed.recorder('ranking', () => {
          if (ill) throw new Error('ill')
        }),
      ]
      const { ledger, clock } = bed
      door = createEvent({
        ledger,
        clock,
        deadLetters: createDeadLetters({ ledger, clock, log, consumers }),
      }).door
      await bed.emit(event('a', 1), event('a', 2), event('b', 1))
      await bed.untilEmpty(bed.relay(bed.direct(consumers), 'relay'))
    })
    afterAll(() => bed.drop())

    it('lists dead letters by pages, without what they tell of persons', async () => {
      const first = await door.listDeadLetters(operator, { limit: 2 })
      if (!first.ok) throw new Error('refused')
      const second = await door.listDeadLetters(operator, { limit: 2, cursor: first.value.nextCursor! })
      if (!second.ok) throw new Error('refused')
      const letters = [...first.value.letters, ...second.value.letters]
      expect(letters.map(letter => `${letter.key}@${letter.version}`).sort()).toEqual(['a@1', 'a@2', 'b@1'])
      expect(second.value.nextCursor).toBeNull()
      expect(letters[0]).not.toHaveProperty('payload')
      const other = await door.listDeadLetters(operator, { consumer: 'nobody' })
      expect(other).toEqual({ ok: true, value: { letters: [], nextCursor: null } })
      expect(await door.listDeadLetters(operator, { cursor: 'bm9wZQ' })).toMatchObject({
        refusal: { code: 'invalid_request' },
      })
    })

    it('replays one key in order and leaves a trace of who asked', async () => {
      ill = false
      const done = await door.replayDeadLetters(operator, { consumer: 'ranking', key: 'a' })
      expect(done).toEqual({ ok: true, value: { replayed: 2, failed: 0 } })
      expect(await bed.effects('ranking')).toEqual(['a@1', 'a@2'])
      expect((await bed.letters()).map(letter => letter.event)).toEqual(['b@1'])
      const again = await door.replayDeadLetters(operator, { consumer: 'ranking', key: 'a' })
      expect(again).toEqual({ ok: true, value: { replayed: 0, failed: 0 } })
      const trail = await bed.ledger.reads<PlatformTables>().selectFrom('audit').selectAll().execute()
      expect(trail.map(row => [row.actor, row.operation, row.subject])).toEqual([
        ['m_1', 'event.replayDeadLetters', 'ranking a'],
        ['m_1', 'event.replayDeadLetters', 'ranking a'],
      ])
    })

    it('knows its consumers', async () => {
      expect(await door.replayDeadLetters(operator, { consumer: 'nobody', key: 'a' })).toMatchObject({
        refusal: { code: 'not_found' },
      })
    })
  })
}
