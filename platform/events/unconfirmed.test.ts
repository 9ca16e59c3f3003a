import { describe, expect, it } from 'vitest'
import type { OutboxEvent } from './transport.ts'
import { DOWN_AFTER_MS, RESEND_MS, Unconfirmed, WAIT_MOST_MS } from './unconfirmed.ts'

const sent = (seq: number, key = `k${seq}`, version = 1): OutboxEvent => {
  return {
    seq,
    shard: 0,
    key,
    version,
    type: 'order.paid',
    payload: '{}',
    attempt: 0,
    copied: false,
    madeAt: 1,
  }
}
const at = (partition: number, committed: number, log = 'log/1') => ({
  partition,
  committed,
  end: 1_000,
  log,
})

/** With one look behind it, at which both groups stood at 10 of partition 0. */
function looked(): Unconfirmed {
  const unconfirmed = new Unconfirmed()
  for (const consumer of ['one', 'two']) unconfirmed.reached(consumer, [at(0, 10)], 0)
  return unconfirmed
}

describe('an event in Kafka', () => {
  it('has arrived when each consumer that wants it has it, however that is known', () => {
    const unconfirmed = looked()
    unconfirmed.expect(sent(1), ['one', 'two'], 0)
    expect(unconfirmed.placed(1, { partition: 0, offset: 10 })).toBe(true)
    unconfirmed.took('one', [sent(1)], 5)
    unconfirmed.reached('two', [at(0, 10)], 5)
    expect(unconfirmed.takeArrived()).toEqual([])
    unconfirmed.reached('two', [at(0, 11)], 6)
    expect(unconfirmed.takeArrived()).toEqual([1])
    expect(unconfirmed.size).toBe(0)
  })

  it('may be handled before Kafka has confirmed it', () => {
    const unconfirmed = looked()
    unconfirmed.expect(sent(1), ['one'], 0)
    unconfirmed.took('one', [sent(1)], 1)
    expect(unconfirmed.placed(1, { partition: 0, offset: 10 })).toBe(false)
    unconfirmed.expect(sent(2), ['one'], 0)
    unconfirmed.took('one', [sent(2)], 1)
    expect(unconfirmed.failed(2, 2)).toBe(false)
  })

  it('is not taken for another one with the same number', () => {
    const unconfirmed = looked()
    unconfirmed.expect(sent(1, 'a', 2), ['one'], 0)
    unconfirmed.placed(1, { partition: 0, offset: 10 })
    unconfirmed.took('one', [sent(1, 'a', 1), sent(1, 'b', 2)], 1)
    expect(unconfirmed.takeArrived()).toEqual([])
  })

  it.each([
    ['under another leader', 'log/2'],
    ['in a topic made anew', 'other/1'],
  ])('is not there because offsets have passed it %s, and is sent again', (_, log) => {
    const unconfirmed = looked()
    unconfirmed.expect(sent(1), ['one'], 0)
    unconfirmed.placed(1, { partition: 0, offset: 10 })
    unconfirmed.reached('one', [at(0, 900, log)], 5)
    expect(unconfirmed.takeArrived()).toEqual([])
    expect(unconfirmed.verdicts(RESEND_MS - 1).lost).toEqual([])
    expect(unconfirmed.verdicts(RESEND_MS).lost).toEqual([1])
  })

  it('is not there where the group was past its place before it was sent', () => {
    const unconfirmed = looked()
    unconfirmed.expect(sent(1), ['one'], 0)
    unconfirmed.placed(1, { partition: 0, offset: 9 })
    unconfirmed.reached('one', [at(0, 10)], 5)
    expect(unconfirmed.takeArrived()).toEqual([])
    expect(unconfirmed.verdicts(RESEND_MS).lost).toEqual([1])
  })

  it('sent without a look before counts only when the group itself says so', () => {
    const unconfirmed = new Unconfirmed()
    unconfirmed.expect(sent(1), ['one'], 0)
    unconfirmed.placed(1, { partition: 0, offset: 10 })
    unconfirmed.reached('one', [at(0, 50)], 5)
    expect(unconfirmed.takeArrived()).toEqual([])
    unconfirmed.took('one', [sent(1)], 6)
    expect(unconfirmed.takeArrived()).toEqual([1])
  })
})

describe('a consumer that handles nothing', () => {
  it('gets its events another way, save the last, which tells when it is up again', () => {
    const unconfirmed = looked()
    for (const seq of [1, 2, 3]) {
      unconfirmed.expect(sent(seq), ['one', 'two'], 0)
      unconfirmed.placed(seq, { partition: 0, offset: 9 + seq })
    }
    unconfirmed.took('one', [sent(1), sent(2), sent(3)], 5)
    expect(unconfirmed.verdicts(DOWN_AFTER_MS - 1).giveUp.size).toBe(0)
    const { giveUp } = unconfirmed.verdicts(DOWN_AFTER_MS)
    expect([...giveUp].map(([name, events]) => [name, events.map(event => event.seq)])).toEqual([
      ['two', [1, 2]],
    ])
    for (const seq of [1, 2]) unconfirmed.gaveUp('two', seq)
    expect(unconfirmed.takeArrived()).toEqual([1, 2])
    expect(unconfirmed.consumersDown).toEqual(['two'])
    unconfirmed.reached('two', [at(0, 13)], DOWN_AFTER_MS + 1)
    expect(unconfirmed.consumersDown).toEqual([])
    expect(unconfirmed.takeArrived()).toEqual([3])
  })

  it('is not blamed while Kafka takes nothing', () => {
    const unconfirmed = looked()
    unconfirmed.expect(sent(1), ['one'], 0)
    unconfirmed.placed(1, { partition: 0, offset: 10 })
    unconfirmed.expect(sent(2), ['one'], 0)
    unconfirmed.failed(2, DOWN_AFTER_MS - 1)
    expect(unconfirmed.verdicts(DOWN_AFTER_MS).giveUp.size).toBe(0)
  })

  it('gives up one event after a minute, though it handles others', () => {
    const unconfirmed = looked()
    unconfirmed.expect(sent(1), ['one'], 0)
    unconfirmed.placed(1, { partition: 0, offset: 10 })
    for (let now = 0; now <= WAIT_MOST_MS; now += 1_000) {
      const seq = now + 2
      unconfirmed.expect(sent(seq), ['one'], now)
      unconfirmed.took('one', [sent(seq)], now)
    }
    expect(unconfirmed.verdicts(WAIT_MOST_MS - 1).giveUp.size).toBe(0)
    expect([...unconfirmed.verdicts(WAIT_MOST_MS).giveUp.keys()]).toEqual(['one'])
  })
})
