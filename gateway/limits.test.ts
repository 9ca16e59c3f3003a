// How much, how long, and the end: rates, admission, deadlines, draining.

import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { ok } from '../platform/contract/result.ts'
import { createClient } from '../platform/http/client.ts'
import { FakeGateway, GUEST, held, member, thingContract } from '../tests/support/fake-gateway.ts'
import { addressKey } from './address.ts'
import { RateLimit } from './rate-limit.ts'

let shop: FakeGateway
afterEach(() => shop.close())

const few = { perSecond: 2, burst: 3 }
const get = (headers: Record<string, string> = {}, from?: string) =>
  shop.ask('GET', '/v1/things/t1', { headers, ...(from === undefined ? {} : { from }) })
const statuses = async (times: number, ask: () => Promise<{ status: number }>) => {
  const all: number[] = []
  for (let i = 0; i < times; i++) all.push((await ask()).status)
  return all
}

describe('rates', () => {
  test('of a member: a burst, then the lasting rate', async () => {
    shop = new FakeGateway({ identityRate: few })
    shop.sessions.set('token-of-a', member('a'))
    shop.sessions.set('other-of-a', member('a'))
    shop.sessions.set('token-of-b', member('b'))
    const a = () => get({ authorization: 'Bearer token-of-a' })
    expect(await statuses(4, a)).toEqual([200, 200, 200, 429])
    expect(await a()).toMatchObject({ json: { code: 'rate_limited' }, headers: { 'retry-after': '1' } })
    // Another session is the same person; another person is not.
    expect(await get({ authorization: 'Bearer other-of-a' })).toMatchObject({ status: 429 })
    expect(await get({ authorization: 'Bearer token-of-b' })).toMatchObject({ status: 200 })
    shop.now += 500
    expect(await statuses(2, a)).toEqual([200, 429])
    shop.now += 60_000
    expect(await statuses(4, a)).toEqual([200, 200, 200, 429])
  })

  test('of guests and strangers: by address, as secrets cost nothing', async () => {
    shop = new FakeGateway({ addressRate: few })
    let guests = 0
    const guest = () => get({ authorization: `Guest 0123456789abcdef${guests++}` })
    expect(await statuses(4, guest)).toEqual([200, 200, 200, 429])
    expect(await get()).toMatchObject({ status: 429 })
    expect(await get({}, '10.0.0.9')).toMatchObject({ status: 200 })
  })

  test('of guessed tokens: by address, and right ones cost nothing', async () => {
    shop = new FakeGateway({ addressRate: few })
    shop.sessions.set('token-of-a', member('a'))
    for (let i = 0; i < 10; i++) {
      expect(await get({ authorization: 'Bearer token-of-a' })).toMatchObject({ status: 200 })
      shop.gateway.forget('m_a')
    }
    let guesses = 0
    const guess = () => get({ authorization: `Bearer guess-${guesses++}` })
    expect(await statuses(5, guess)).toEqual([401, 401, 401, 429, 429])
    const asked = shop.lookups
    await guess()
    expect(shop.lookups).toBe(asked)
  })

  test('X-Forwarded-For counts only from a proxy of ours', async () => {
    shop = new FakeGateway({ addressRate: few, trustedProxies: ['10.1.0.0/16', '::1'] })
    let inventions = 0
    const forged = (from: string) => () => get({ 'x-forwarded-for': `1.2.3.${++inventions}` }, from)
    expect(await statuses(4, forged('9.9.9.9'))).toEqual([200, 200, 200, 429])
    const behind = (forwarded: string) => () => get({ 'x-forwarded-for': forwarded }, '10.1.2.3')
    expect(await statuses(4, behind('5.5.5.5, 10.1.9.9'))).toEqual([200, 200, 200, 429])
    // What stands before the nearest stranger is the client's own invention.
    expect(await behind('7.7.7.7, 5.5.5.5')()).toMatchObject({ status: 429 })
    expect(await behind('5.5.5.6')()).toMatchObject({ status: 200 })
    // Nonsense counts for the proxy itself.
    expect(await statuses(4, behind('5.5.5.5, nonsense'))).toEqual([200, 200, 200, 429])
  })

  test.each([
    ['10.0.0.1', '10.0.0.1'],
    ['2001:db8:0:1:aaaa::1', '2001:db8:0:1'],
    ['2001:0DB8::1', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
  ])('%s counts as %s', (address, key) => expect(addressKey(address)).toBe(key))

  test('never more than the burst and what the time allows, whatever the clock does', () => {
    shop = new FakeGateway()
    const steps = fc.array(fc.integer({ min: -5_000, max: 5_000 }), { maxLength: 200 })
    fc.assert(
      fc.property(steps, moves => {
        const limit = new RateLimit(few)
        let [now, forward, taken] = [1_000_000, 0, 0]
        for (const move of moves) {
          now += move
          forward += Math.max(0, move)
          if (limit.take(limit.bucket('a', now), now) === 0) taken++
        }
        expect(taken).toBeLessThanOrEqual(few.burst + (forward / 1000) * few.perSecond)
      }),
    )
  })

  test('the table of buckets is bounded', () => {
    shop = new FakeGateway()
    const limit = new RateLimit(few, 1_000)
    for (let i = 0; i < 10_000; i++) limit.bucket(`k${i}`, 0)
    expect(limit.size).toBeLessThanOrEqual(1_000)
    const last = limit.bucket('k9999', 0)
    expect(limit.bucket('k9999', 0)).toBe(last)
  })
})

describe('admission', () => {
  test('above the bound it is full, and below it open again', async () => {
    shop = new FakeGateway({ inFlightMost: 2 })
    const gate = held<void>()
    shop.handlers.getThing = async () => {
      await gate.promise
      return ok({})
    }
    const two = [get(), get()]
    await expect.poll(() => shop.calls.length).toBe(2)
    expect(await get()).toMatchObject({
      status: 503,
      json: { code: 'overloaded' },
      headers: { 'retry-after': '1' },
    })
    gate.resolve()
    expect((await Promise.all(two)).map(({ status }) => status)).toEqual([200, 200])
    expect(await get()).toMatchObject({ status: 200 })
  })
})

describe('deadlines', () => {
  test('travel with the call, capped by the configuration', async () => {
    shop = new FakeGateway({ requestTimeout: 5_000 })
    await get()
    await get({ 'x-deadline-ms': '250' })
    await get({ 'x-deadline-ms': '999999' })
    expect(shop.calls.map(({ call }) => call.deadline - shop.now)).toEqual([5_000, 250, 5_000])
    for (const wrong of ['0', '-1', 'soon', '1.5', '']) {
      expect(await get({ 'x-deadline-ms': wrong })).toMatchObject({
        status: 400,
        json: { code: 'invalid_request' },
      })
    }
  })

  test('end the wait, not the work; the key stays taken until it is done', async () => {
    shop = new FakeGateway()
    const gate = held<void>()
    shop.handlers.makeThing = async () => {
      await gate.promise
      return ok({ thingId: 't1' })
    }
    const key = { 'idempotency-key': 'one-and-the-same' }
    const slow = shop.make(undefined, key)
    await expect.poll(() => shop.calls.length).toBe(1)
    shop.now += 10_000
    expect(await slow).toMatchObject({
      status: 503,
      json: { code: 'deadline_exceeded' },
      headers: { 'retry-after': '1' },
    })
    expect(await shop.make(undefined, key)).toMatchObject({ status: 409 })
    gate.resolve()
    await expect.poll(async () => (await shop.make(undefined, key)).status).toBe(201)
  })

  test('hold while somebody is being identified', async () => {
    shop = new FakeGateway()
    shop.sessions.set('token-of-a', member('a'))
    const gate = held<void>()
    shop.lookupGate = gate.promise
    const slow = get({ authorization: 'Bearer token-of-a' })
    await expect.poll(() => shop.lookups).toBe(1)
    shop.now += 10_000
    expect(await slow).toMatchObject({ status: 503, json: { code: 'deadline_exceeded' } })
    gate.resolve()
    expect(await shop.gateway.drain(1_000)).toBe(true)
    expect(shop.calls).toEqual([])
  })
})

describe('draining', () => {
  test('answers what is under way, turns away what comes, then ends', async () => {
    shop = new FakeGateway()
    const baseUrl = await shop.listen()
    const gate = held<void>()
    shop.handlers.getThing = async () => {
      await gate.promise
      return ok({ thingId: 't1', name: 'a' })
    }
    const client = createClient(thingContract, { baseUrl, authorization: GUEST })
    const early = client.getThing({ thingId: 't1' })
    await expect.poll(() => shop.calls.length).toBe(1)
    expect((await fetch(`${baseUrl}/health/ready`)).status).toBe(200)
    let drained: boolean | null = null
    const draining = shop.gateway.drain(60_000).then(all => {
      drained = all
    })
    expect((await fetch(`${baseUrl}/health/ready`)).status).toBe(503)
    expect((await fetch(`${baseUrl}/health/live`)).status).toBe(200)
    const late = await fetch(`${baseUrl}/v1/things/t2`)
    expect([
      late.status,
      late.headers.get('connection'),
      ((await late.json()) as { code: string }).code,
    ]).toEqual([503, 'close', 'shutting_down'])
    expect(drained).toBeNull()
    gate.resolve()
    expect(await early).toMatchObject({ ok: true, status: 200 })
    await draining
    expect(drained).toBe(true)
    await shop.gateway.close()
    await expect(fetch(`${baseUrl}/health/live`)).rejects.toThrow()
  })

  test('does not wait for ever', async () => {
    shop = new FakeGateway()
    const baseUrl = await shop.listen()
    shop.handlers.getThing = () => new Promise(() => {})
    const lost = createClient(thingContract, { baseUrl }).getThing({ thingId: 't1' })
    await expect.poll(() => shop.calls.length).toBe(1)
    expect(await shop.gateway.drain(20)).toBe(false)
    const closed = shop.gateway.close()
    await expect(lost).rejects.toMatchObject({ trouble: 'connection' })
    await closed
  })
})
