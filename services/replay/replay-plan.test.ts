import { expect, test } from 'vitest'
import type { ReplayStep } from '../retail/plan.ts'
import { type ReplayOptions, replayPlan } from './replay-plan.ts'
import { nothingDone, type StepDone, StepRefused } from './shopper.ts'

let invoice = 0
const order = (customerId: string | null, businessTimeMs = 0): ReplayStep => ({
  ...{ kind: 'order', invoiceNo: `i${invoice++}`, customerId, country: 'X', businessTimeMs },
  lines: [],
})
const bought = (): StepDone => ({ ...nothingDone(), orders: 1, units: 2 })
const options = (run: ReplayOptions['run'], more: Partial<ReplayOptions> = {}): ReplayOptions => {
  return { clients: 4, speed: null, run, onProgress: () => undefined, ...more }
}
/** Lets everything that can happen now happen. */
const settled = () => new Promise(resolve => setImmediate(resolve))

test('adds up what its steps did', async () => {
  const progress: number[] = []
  const steps = [order('a'), order('b'), order(null)]
  const result = await replayPlan(
    steps,
    options(async () => bought(), { onProgress: done => progress.push(done) }),
  )
  expect(result).toMatchObject({ steps: 3, orders: 3, units: 6, refused: {} })
  expect(progress).toEqual([1, 2, 3])
})

test('a customer’s steps come one after the other, others beside them, never more than allowed', async () => {
  const waiting = new Map<ReplayStep, () => void>()
  let most = 0
  const run = (step: ReplayStep) => {
    return new Promise<StepDone>(resolve => {
      waiting.set(step, () => {
        waiting.delete(step)
        resolve(bought())
      })
      most = Math.max(most, waiting.size)
    })
  }
  const steps = [order('a'), order('a'), order('b'), order('c'), order(null), order(null), order('d')]
  const [first, second] = steps
  const result = replayPlan(steps, options(run))
  await settled()
  expect([...waiting.keys()]).toEqual([first, steps[2], steps[3]])
  expect(waiting.has(second!)).toBe(false)
  waiting.get(first!)!()
  await settled()
  expect(waiting.has(second!)).toBe(true)
  for (;;) {
    await settled()
    const next = waiting.values().next().value
    if (next === undefined) break
    next()
  }
  expect(await result).toMatchObject({ orders: 7 })
  expect(most).toBeLessThanOrEqual(4)
})

test('refusals are counted by code, with an example, and the rest goes on', async () => {
  const steps = [order('a'), order('b'), order('c'), order('d')]
  const run = async (step: ReplayStep) => {
    if (step === steps[3]) return bought()
    throw new StepRefused('invoice', step === steps[0] ? 'not_found' : 'out_of_stock', 'none left')
  }
  const { refused, orders } = await replayPlan(steps, options(run))
  expect(orders).toBe(1)
  expect(refused).toEqual({
    not_found: { count: 1, example: 'invoice: not_found: none left' },
    out_of_stock: { count: 2, example: 'invoice: out_of_stock: none left' },
  })
})

test('any other error ends it, and nothing more is begun', async () => {
  let begun = 0
  const run = async () => {
    begun++
    throw new Error('the shop is away')
  }
  const steps = Array.from({ length: 50 }, () => order('a'))
  await expect(replayPlan(steps, options(run))).rejects.toThrow('the shop is away')
  expect(begun).toBe(1)
})

test('at a speed, business time passes that many times faster, over pauses of any length', async () => {
  const time = { now: 5_000 }
  const begun: number[] = []
  const DAY_MS = 86_400_000
  const steps = [order('a', 0), order('b', 60_000), order('c', 100 * DAY_MS)]
  const run = async () => {
    begun.push(time.now)
    return bought()
  }
  const wait = async (ms: number) => {
    expect(ms).toBeLessThanOrEqual(2 ** 31 - 1)
    await settled()
    time.now += ms
  }
  await replayPlan(steps, options(run, { speed: 2, now: () => time.now, wait }))
  expect(begun).toEqual([5_000, 35_000, 5_000 + 50 * DAY_MS])
})
