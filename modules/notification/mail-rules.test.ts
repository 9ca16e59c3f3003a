import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ATTEMPTS_MOST, afterAttempt, RateBudget, retryPause } from './mail-rules.ts'

const mail = (attempts: number) => ({ mail_id: 'a:1', attempts, data: '{"token":"secret"}' })

describe('after an attempt', () => {
  test('what was sent holds nothing any more', () => {
    expect(afterAttempt({ mail: mail(1), failure: null }, 50, 0)).toEqual({
      state: 'sent',
      next_at: 50,
      cause: null,
      data: '',
    })
  })

  test('a failure is tried again later, until the tries are used up', () => {
    const failure = { cause: 'no answer', final: false }
    const again = afterAttempt({ mail: mail(1), failure }, 1_000, 0.5)
    expect(again).toEqual({ state: 'queued', next_at: 31_000, cause: 'no answer', data: mail(1).data })
    expect(afterAttempt({ mail: mail(ATTEMPTS_MOST - 1), failure }, 0, 0).state).toBe('queued')
    expect(afterAttempt({ mail: mail(ATTEMPTS_MOST), failure }, 0, 0).state).toBe('failed')
  })

  test('what can never go is given up at once', () => {
    const failure = { cause: 'no such user', final: true }
    expect(afterAttempt({ mail: mail(1), failure }, 7, 0)).toMatchObject({ state: 'failed', next_at: 7 })
  })
})

test('pauses grow to two hours and stay within a quarter of themselves', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: ATTEMPTS_MOST }), fc.double({ min: 0, max: 1 }), (n, random) => {
      const middle = Math.min(30_000 * 4 ** (n - 1), 7_200_000)
      const pause = retryPause(n, random.valueOf() || 0)
      expect(pause).toBeGreaterThanOrEqual(middle * 0.75 - 1)
      expect(pause).toBeLessThanOrEqual(middle * 1.25 + 1)
    }),
  )
})

test('in any time no more is taken than the rate allows, and one second of it', () => {
  const asks = fc.array(fc.record({ pause: fc.nat(3_000), most: fc.nat(50), used: fc.nat(50) }))
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), asks, (rate, steps) => {
      const budget = new RateBudget(rate)
      let now = 1_000_000
      let sent = 0
      for (const { pause, most, used } of steps) {
        now += pause
        const taken = budget.take(most, now)
        expect(taken).toBeLessThanOrEqual(most)
        budget.giveBack(taken - Math.min(taken, used))
        sent += Math.min(taken, used)
        expect(sent).toBeLessThanOrEqual(rate + ((now - 1_000_000) / 1_000) * rate + 1e-6)
      }
    }),
  )
})
