import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Delivery } from './delivery-store.ts'
import type { ChannelName } from './routes.ts'
import { isExempt, passagesOf, type StormLimits } from './storm.ts'

const LIMITS: StormLimits = { most: 3, window: 60_000, hold: 10_000, digestMost: 4 }
const NOW = 1_000_000

const row = (seq: number, fields: Partial<Delivery> = {}): Delivery => ({
  seq,
  message: `m-${seq}`,
  channel: 'slack',
  contact: 'everyone',
  incident: `k-${seq}`,
  kind: 'opened',
  level: 1,
  state: 'waiting',
  attempts: 0,
  created: NOW,
  due: NOW,
  unsure: 0,
  fell_back: 0,
  why: null,
  done: null,
  ...fields,
})

test('each telling is sent, held or joined once; what may wait is never more than allowed, and nothing waits longer than the hold', () => {
  const rows = fc.array(
    fc.record({
      level: fc.integer({ min: 0, max: 2 }),
      channel: fc.constantFrom<ChannelName>('slack', 'sms', 'pagerduty'),
      age: fc.integer({ min: 0, max: 20_000 }),
    }),
    { maxLength: 12 },
  )
  fc.assert(
    fc.property(rows, fc.nat(6), fc.boolean(), (made, sent, digestOpen) => {
      const due = made.map(({ level, channel, age }, seq) => row(seq, { level, channel, created: NOW - age }))
      const passages = passagesOf(due, sent, digestOpen, NOW, LIMITS)
      const alone = passages.flatMap(passage => (passage.is === 'send' ? [passage.delivery] : []))
      const joined = passages.flatMap(passage => (passage.is === 'join' ? passage.deliveries : []))
      const held = passages.filter(passage => passage.is === 'hold')
      const seqs = [...alone, ...joined].map(({ seq }) => seq)
      expect(new Set(seqs).size).toBe(seqs.length)
      // Machines and emergencies pass, whatever else waits.
      for (const delivery of due) if (isExempt(delivery)) expect(alone).toContain(delivery)
      const weather = alone.filter(delivery => !isExempt(delivery))
      // One that waited out the hold alone needs no digest around it.
      expect(weather.length).toBeLessThanOrEqual(Math.max(0, LIMITS.most - sent) + 1)
      expect(joined.length === 1).toBe(false)
      expect(joined.length).toBeLessThanOrEqual(LIMITS.digestMost)
      const left = due.filter(({ seq }) => !seqs.includes(seq))
      if (left.length > 0 && joined.length === 0) expect(held).toHaveLength(1)
      if (!digestOpen && joined.length === 0)
        for (const { created } of left) expect(NOW - created).toBeLessThan(LIMITS.hold)
      for (const passage of held) expect(passage.until).toBeGreaterThan(NOW)
    }),
    { numRuns: 500 },
  )
})
