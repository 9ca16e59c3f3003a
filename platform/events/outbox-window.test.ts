import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OutboxWindow } from './outbox-window.ts'
import type { OutboxEvent, Outcome, Sending } from './transport.ts'

function row(seq: number, key: string, version: number, shard = 0): OutboxEvent {
  return { seq, shard, key, version, type: 'order.paid', payload: '{}', attempt: 0, copied: false, madeAt: 1 }
}

/** Rows as the outbox has them: numbers grow, and of each key the versions with them. */
const rows = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { minLength: 1, maxLength: 60 }).map(keys => {
  const versions = new Map<string, number>()
  return keys.map((key, i) => {
    const version = (versions.get(key) ?? 0) + 1
    versions.set(key, version)
    return row(i + 1, key, version, key.charCodeAt(0) % 2)
  })
})
const outcome = fc.constantFrom<Outcome>('done', 'done', 'done', 'failed', 'again')

describe('outbox window', () => {
  it('sends each event until it is done, of each key in order, whatever fails and however it is read', () => {
    fc.assert(
      fc.property(
        rows,
        fc.infiniteStream(outcome),
        fc.infiniteStream(fc.integer({ min: 1, max: 9 })),
        fc.func(fc.integer({ min: 0, max: 3 })),
        (all, outcomes, sizes, shuffle) => {
          const window = new OutboxWindow()
          // Reads bring pages of any size; within a page the order is by number, but nothing relies on it.
          const unread = [...all].sort(
            (a, b) => a.seq + shuffle(a.seq) * 0.1 - (b.seq + shuffle(b.seq) * 0.1),
          )
          const delivered = new Map<string, number[]>()
          let underWay: OutboxEvent[] = []
          let now = 0
          for (let turn = 0; turn < 2_000 && (unread.length > 0 || window.size > 0); turn++, now += 5_001) {
            for (const each of unread.splice(0, sizes.next().value)) {
              window.add(each)
              window.add(each)
            }
            const batch = window.take(now, sizes.next().value)
            const stuck = new Set<string>()
            const judge = (each: OutboxEvent): Outcome => {
              // As a transport does: after a failure nothing more of that key.
              if (stuck.has(each.key)) return 'again'
              const result = outcomes.next().value
              if (result !== 'done') stuck.add(each.key)
              else delivered.set(each.key, [...(delivered.get(each.key) ?? []), each.version])
              return result
            }
            // Some only turn out later what they are; until then nothing of their keys is sent.
            for (const { key } of batch) expect(underWay.some(each => each.key === key)).toBe(false)
            const late = new Set(batch.filter(each => shuffle(each.seq) === 0).map(each => each.key))
            const results = batch.map((each): Sending => (late.has(each.key) ? 'sent' : judge(each)))
            const done = window.settle(results, now, () => 0.999)
            expect(done).toEqual(batch.filter((_, i) => results[i] === 'done'))
            underWay.push(...batch.filter((_, i) => results[i] === 'sent'))
            expect(window.underWay).toBe(underWay.length)
            // What was sent together is known together.
            const known = new Set(underWay.slice(0, sizes.next().value).map(each => each.key))
            const over = underWay.filter(each => known.has(each.key))
            underWay = underWay.filter(each => !known.has(each.key))
            const arrivals = over.map(each => ({ seq: each.seq, outcome: judge(each) }))
            const arrived = window.arrived(arrivals, now, () => 0.999)
            expect(arrived).toEqual(over.filter((_, i) => arrivals[i]!.outcome === 'done'))
          }
          expect(window.size).toBe(0)
          expect(window.bytes).toBe(0)
          for (const [key, versions] of delivered)
            expect(versions).toEqual(all.filter(each => each.key === key).map(each => each.version))
          expect([...delivered.values()].flat()).toHaveLength(all.length)
        },
      ),
      { numRuns: 200 },
    )
  })

  it('holds back a whole key after a failure, and counts only failures', () => {
    const window = new OutboxWindow()
    for (const each of [row(1, 'a', 1), row(2, 'b', 1), row(3, 'a', 2)]) window.add(each)
    expect(window.take(0, 10)).toHaveLength(3)
    expect(window.settle(['failed', 'again', 'done'], 0, () => 0.999).map(each => each.seq)).toEqual([2])
    window.add(row(4, 'a', 3))
    expect(window.take(50, 10)).toEqual([])
    expect(window.ready(50, 1)).toBe(0)
    expect(window.ready(100, 9)).toBe(3)
    expect(window.take(100, 10).map(each => [each.version, each.attempt])).toEqual([
      [1, 1],
      [2, 0],
      [3, 0],
    ])
    // Nothing is known of the batch: as it was.
    expect(window.settle(null, 100, () => 0.5)).toEqual([])
    expect(window.take(200, 2).map(each => [each.version, each.attempt])).toEqual([
      [1, 1],
      [2, 0],
    ])
    expect(() => window.take(200, 1)).toThrow('not settled')
  })

  it('forgets what belongs to a lost shard', () => {
    const window = new OutboxWindow()
    for (const each of [row(1, 'a', 1, 0), row(2, 'b', 1, 1), row(3, 'a', 2, 0)]) window.add(each)
    window.keepOnly(shard => shard === 1)
    expect([...window.numbers()]).toEqual([2])
    expect(window.take(0, 10).map(each => each.seq)).toEqual([2])
    window.settle(['sent'], 0, () => 0)
    window.add(row(4, 'b', 2, 1))
    expect(window.take(0, 10)).toEqual([])
    window.keepOnly(() => false)
    expect([window.size, window.underWay, window.bytes]).toEqual([0, 0, 0])
    expect(window.arrived([{ seq: 2, outcome: 'done' }], 0, () => 0)).toEqual([])
  })
})
