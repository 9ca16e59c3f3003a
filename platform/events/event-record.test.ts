import { describe, expect, it } from 'vitest'
import type { TakenRecord } from '../kafka/kafka.ts'
import { eventRecord, readEvent } from './event-record.ts'

const types = new Set(['order.paid'])
const spare = (): number => -1
const taken = (value: string | null, key: string | null = 'a'): TakenRecord => {
  return { topic: 'events', partition: 0, offset: 0, key, value, timestamp: 77 }
}

describe('an event as a record', () => {
  it('comes back as it was', () => {
    const payload = '{"text":"}\\" 한글 \\u0000","n":[1,{"a":null}]}'
    const event = {
      seq: 7,
      shard: 0,
      key: 'a',
      version: 3,
      type: 'order.paid',
      payload,
      madeAt: 1_000,
      attempt: 2,
      copied: true,
    }
    const { key, value } = eventRecord(event)
    const parsed = JSON.parse(payload) as object
    expect(JSON.parse(value)).toEqual({ type: 'order.paid', version: 3, seq: 7, at: 1_000, payload: parsed })
    expect(readEvent(taken(value, key), types, spare)).toMatchObject({
      ...{ seq: 7, key: 'a', version: 3, type: 'order.paid', payload, parsed },
      ...{ attempt: 0, copied: false, madeAt: 1_000 },
    })
    expect(readEvent(taken(value), new Set(['order.placed']), spare)).toBe(null)
  })

  it('of a version that did not say when it was made is of its record’s time', () => {
    const value = '{"type":"order.paid","version":1,"seq":2,"payload":{}}'
    expect(readEvent(taken(value), types, spare)).toMatchObject({ seq: 2, madeAt: 77, payload: '{}' })
  })

  it('may be written by others, in any form of JSON', () => {
    const value = '{ "payload": {"n": 1}, "version": 1, "type": "order.paid" }'
    expect(readEvent(taken(value), types, spare)).toMatchObject({ seq: -1, payload: '{"n":1}', version: 1 })
    expect(readEvent(taken('{"type":"stock.counted","version":"?"}'), types, spare)).toBe(null)
  })

  it.each([
    [taken(null), 'no text'],
    [taken(''), 'no JSON'],
    [taken('{"type":"order.paid"'), 'no JSON'],
    [taken('[]'), 'no object'],
    [taken('"order.paid"'), 'no object'],
    [taken('{}'), 'no type'],
    [taken('{"type":1}'), 'no type'],
    [taken('{"type":"order.paid","version":-1,"payload":{}}'), 'version'],
    [taken('{"type":"order.paid","version":1.5,"payload":{}}'), 'version'],
    [taken('{"type":"order.paid","version":1,"payload":[]}'), 'payload'],
    [taken('{"type":"order.paid","version":1,"seq":"x","payload":{}}'), 'seq'],
    [taken('{"type":"order.paid","version":1,"seq":2,"payload":{}'), 'no JSON'],
    [taken('{"type":"order.paid","version":1,"seq":2,"payload":'), 'too soon'],
    [taken('{"type":"order.paid","version":1,"seq":2,"payload":7}'), 'no object'],
    [taken('{"type":"order.paid","version":1,"payload":{}}', null), 'key'],
    [taken('{"type":"order.paid","version":1,"payload":{}}', 'k'.repeat(65)), 'key'],
  ])('is told from %o', (record, problem) => {
    expect(readEvent(record, types, spare)).toContain(problem)
  })
})
