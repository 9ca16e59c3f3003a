import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LedgerUnavailable } from '../sql/errors.ts'
import { deliverIsolating } from './isolate.ts'

interface One {
  readonly key: string
  readonly n: number
}

test('everybody but the poisoned and those behind them gets through, once, in order per key', async () => {
  const events = fc
    .array(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { maxLength: 50 })
    .map(keys => keys.map((key, n): One => ({ key, n })))
  await fc.assert(
    fc.asyncProperty(events, fc.func(fc.integer({ min: 0, max: 9 })), async (all, roll) => {
      const poisoned = (one: One) => roll(one.n) === 0
      const taken: One[] = []
      const deliveries = await deliverIsolating(all, async batch => {
        if (batch.some(poisoned)) throw new Error('poisoned')
        taken.push(...batch)
      })
      const stuck = new Set<string>()
      for (const [i, one] of all.entries()) {
        const delivery = deliveries[i]!
        if (stuck.has(one.key)) expect(delivery).toBe('untried')
        else if (poisoned(one)) {
          expect(delivery).toHaveProperty('error')
          stuck.add(one.key)
        } else expect(delivery).toBe('done')
      }
      expect([...taken].sort((a, b) => a.n - b.n)).toEqual(all.filter((_, i) => deliveries[i] === 'done'))
      for (const key of new Set(taken.map(one => one.key))) {
        const numbers = taken.filter(one => one.key === key).map(one => one.n)
        expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
      }
    }),
  )
})

test('one poisoned among a thousand costs a few calls', async () => {
  let calls = 0
  const all = Array.from({ length: 1_000 }, (_, n) => ({ key: `k${n}`, n }))
  await deliverIsolating(all, async batch => {
    calls++
    if (batch.some(one => one.n === 617)) throw new Error('poisoned')
  })
  expect(calls).toBeLessThanOrEqual(22)
})

test('a ledger that is away blames no event', async () => {
  const gone = deliverIsolating([{ key: 'a' }, { key: 'b' }], async () => {
    throw new LedgerUnavailable('gone')
  })
  await expect(gone).rejects.toThrow('gone')
})
