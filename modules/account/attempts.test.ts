import fc from 'fast-check'
import { expect, test } from 'vitest'
import { accountSubject, addressSubject, counted, knownSubject, waitFor } from './attempts.ts'
import type { AttemptRow } from './tables.ts'

test('in no window more attempts get through than the limit; nobody waits longer than a window', () => {
  const pauses = fc.array(fc.nat(400), { maxLength: 60 })
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 1_000 }),
      pauses,
      (most, window, all) => {
        const subject = { id: 's', limit: { most, window } }
        let row: AttemptRow | undefined
        let now = 1_000
        let through: number[] = []
        for (const pause of all) {
          now += pause
          const wait = waitFor(row, subject.limit, now)
          expect(wait).toBeLessThanOrEqual(Math.ceil(window / 1_000))
          if (wait > 0) continue
          const next = counted(row, subject, now)
          if (next.ends_at !== row?.ends_at) through = []
          through.push(now)
          expect(through.length).toBeLessThanOrEqual(most)
          row = next
        }
        if (row) expect(waitFor(row, subject.limit, row.ends_at)).toBe(0)
      },
    ),
  )
})

test('different subjects are counted apart, and none keeps what was typed', () => {
  const ids = [
    accountSubject('kim@example.com'),
    accountSubject('lee@example.com'),
    knownSubject('kim@example.com', '192.0.2.1'),
    addressSubject('192.0.2.1'),
  ].map(subject => subject.id)
  expect(new Set(ids).size).toBe(ids.length)
  for (const id of ids) expect(id).toMatch(/^[\w-]{22}$/)
})
