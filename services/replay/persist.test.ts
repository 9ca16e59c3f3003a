import { describe, expect, test } from 'vitest'
import type { RefusalCode } from '../../platform/contract/catalogue.ts'
import { HttpError } from '../../platform/http/http-error.ts'
import { type Answer, createPersist, type Persist, ShopAway } from './persist.ts'

const PATIENCE_MS = 60_000

/** A clock that only waiting moves, and no jitter: every pause is its longest. */
function bench(): { persist: Persist; pauses: number[]; time: { now: number } } {
  const time = { now: 1_000_000 }
  const pauses: number[] = []
  const persist = createPersist({
    patience: PATIENCE_MS,
    now: () => time.now,
    wait: async ms => {
      pauses.push(ms)
      time.now += ms
    },
    random: () => 1,
  })
  return { persist, pauses, time }
}

const fine = <T>(value: T) => ({ ok: true, value, status: 200 }) as const
const refusal = (code: RefusalCode, status: number, retryAfter?: number) => {
  return { ok: false, status, refusal: { code, detail: 'x', ...(retryAfter && { retryAfter }) } } as const
}
/** Answers one after the other, the last one for ever. */
function inTurn<T>(...answers: readonly (Answer<T> | Error)[]) {
  let asked = 0
  const ask = async (): Promise<Answer<T>> => {
    const answer = answers[Math.min(asked++, answers.length - 1)]!
    if (answer instanceof Error) throw answer
    return answer
  }
  return { ask, asked: () => asked }
}
const broken = () => new HttpError('connection', 'refused')

describe('an answer', () => {
  test.each([
    fine(7),
    refusal('order_state', 409),
    refusal('not_found', 404),
    refusal('internal_error', 500),
  ])('is taken as it is: %j', async answer => {
    const { persist, pauses } = bench()
    expect(await persist(inTurn(answer).ask)).toBe(answer)
    expect(pauses).toEqual([])
  })
  test('of something that is no shop is an error at once', async () => {
    const stranger = new HttpError('answer', 'a page', 404)
    await expect(bench().persist(inTurn<never>(stranger).ask)).rejects.toBe(stranger)
  })
})

describe('no answer', () => {
  test('is asked for again, with pauses that double up to a second', async () => {
    const { persist, pauses } = bench()
    const failures = Array.from({ length: 7 }, broken)
    expect(await persist(inTurn(...failures, fine(7)).ask)).toMatchObject({ value: 7 })
    expect(pauses).toEqual([50, 100, 200, 400, 800, 1_000, 1_000])
  })
  test.each([
    ['rate_limited', 429],
    ['shutting_down', 503],
    ['request_in_flight', 409],
  ] as const)('%s is no answer, and its Retry-After is kept', async (code, status) => {
    const { persist, pauses } = bench()
    expect(await persist(inTurn(refusal(code, status, 3), fine(7)).ask)).toMatchObject({ value: 7 })
    expect(pauses).toEqual([3_000])
  })
  test('a proxy that says 502 may pass', async () => {
    const page = new HttpError('answer', 'a page', 502)
    expect(await bench().persist(inTurn(page, fine(7)).ask)).toMatchObject({ value: 7 })
  })
  test('ends when patience does', async () => {
    const { persist, time } = bench()
    const before = time.now
    await expect(persist(inTurn<never>(broken()).ask)).rejects.toThrow(ShopAway)
    expect(time.now - before).toBeGreaterThan(PATIENCE_MS - 2_000)
    expect(time.now - before).toBeLessThanOrEqual(PATIENCE_MS)
  })
  test('ends at once where Retry-After is beyond patience', async () => {
    const { persist, pauses } = bench()
    await expect(persist(inTurn(refusal('overloaded', 503, 120)).ask)).rejects.toThrow(/overloaded/)
    expect(pauses).toEqual([])
  })
  test('counts from the last answer that anybody had', async () => {
    const { persist, time } = bench()
    const begun = time.now
    const endless = async () => {
      if (time.now - begun > 50_000 && time.now - begun < 52_000) await persist(inTurn(fine(1)).ask)
      throw broken()
    }
    await expect(persist(endless)).rejects.toThrow(ShopAway)
    expect(time.now - begun).toBeGreaterThan(50_000 + PATIENCE_MS - 2_000)
  })
  test('a long silence before counts for nothing', async () => {
    const { persist, time } = bench()
    time.now += 10 * PATIENCE_MS
    expect(await persist(inTurn(broken(), fine(7)).ask)).toMatchObject({ value: 7 })
  })
})

describe('what is still under way', () => {
  const done = (value: string) => value === 'done'
  test('is asked for until it is done', async () => {
    const { ask, asked } = inTurn(fine('pending'), fine('pending'), fine('done'))
    expect(await bench().persist(ask, done)).toMatchObject({ value: 'done' })
    expect(asked()).toBe(3)
  })
  test('is handed over as it is when patience ends', async () => {
    const { persist, time } = bench()
    const begun = time.now
    expect(await persist(inTurn(fine('pending')).ask, done)).toMatchObject({ value: 'pending' })
    expect(time.now - begun).toBeLessThan(PATIENCE_MS + 2_000)
  })
})
