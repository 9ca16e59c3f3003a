// How long a turn is waited for, and how often it is renewed: bounded, whatever happens.

import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { systemCall } from '../../platform/contract/call.ts'
import { ok, type Result, refuse } from '../../platform/contract/result.ts'
import type { PaymentContext } from './deps.ts'
import { HOLD_MS } from './hold.ts'
import { inTurn, RENEWALS_MOST, Turn } from './lock.ts'
import type { PaymentRequest } from './requests.ts'
import type { PaymentRow } from './tables.ts'

let now = 0
let asked: PaymentRequest[]
let extended: number
let left: number
let answer: (request: PaymentRequest) => Result<unknown>
let free: boolean
const context = {
  clock: () => now,
  turns: new Set(),
  gate: () => ({
    async enter() {
      now += 10
      return free
    },
    extend: () => void extended++,
    leave: () => void left++,
  }),
  combiner: {
    async submit(_call: unknown, request: PaymentRequest) {
      now += 10
      asked.push(request)
      return answer(request)
    },
  },
} as unknown as PaymentContext
const payment = { payment_id: 'p', order_id: 'o' } as PaymentRow
const taken = { payment, fence: 7, held: true }
const call = () => systemCall('test', now)

beforeEach(() => {
  now = 1_000
  asked = []
  extended = 0
  left = 0
  free = true
  answer = () => ok(taken)
})
afterEach(() => vi.useRealTimers())

it('asks until its patience ends, and not past the deadline of its call', async () => {
  answer = () => refuse('payment_open', 'somebody')
  for (const [patience, deadline] of [
    [200, 60_000],
    [60_000, 200],
  ] as const) {
    asked = []
    const began = now
    const late = { ...call(), deadline: now + deadline }
    const refused = await inTurn(context, late, payment, patience, async () => ok(payment))
    expect(refused).toMatchObject({ refusal: { code: 'payment_open' } })
    expect(now - began).toBeLessThanOrEqual(220)
    expect(asked.length).toBeGreaterThan(1)
  }
  free = false
  asked = []
  expect(await inTurn(context, call(), payment, 50, async () => ok(payment))).toMatchObject({ ok: false })
  expect(asked).toEqual([])
})

it('lets go whatever the work does', async () => {
  await expect(
    inTurn(context, call(), payment, 0, () => Promise.reject(new Error('broken'))),
  ).rejects.toThrow('broken')
  expect(asked.at(-1)).toMatchObject({ kind: 'keep', until: null })
  expect(left).toBe(1)
})

it('is renewed before it ends, a few times and no more', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const turn = new Turn(context, call(), 'o', 'p')
  await turn.take(0)
  asked = []
  vi.advanceTimersByTime(HOLD_MS / 2)
  expect(extended).toBe(1)
  expect(asked).toMatchObject([{ kind: 'keep', holder: turn.holder, until: now - 10 + HOLD_MS }])
  vi.advanceTimersByTime(100 * HOLD_MS)
  expect(extended).toBe(RENEWALS_MOST)
  await turn.end()
  expect(vi.getTimerCount()).toBe(0)
})
