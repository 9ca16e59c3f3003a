// The typed client against a real gateway: what the door of a module says is what the client says.

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FakeGateway, GUEST, member, thingContract } from '../../tests/support/fake-gateway.ts'
import { ok, refuse } from '../contract/result.ts'
import { createClient } from './client.ts'
import { HttpError } from './http-error.ts'
import type { RetryPolicy } from './retry.ts'
import { createSender } from './send.ts'

let shop: FakeGateway
let baseUrl: string
beforeEach(async () => {
  shop = new FakeGateway()
  shop.sessions.set('token-of-a', member('a', 'customer', 'operator'))
  shop.channels.set('key-of-till', { ...member('till', 'channel'), kind: 'channel' })
  baseUrl = await shop.listen()
})
afterEach(() => shop.close())

const client = (more: { authorization?: string; retry?: RetryPolicy } = {}) =>
  createClient(thingContract, { baseUrl, authorization: 'Bearer token-of-a', ...more })

describe('every operation', () => {
  test('takes its fields to path, query or body', async () => {
    const a = client()
    expect(await a.makeThing({ name: 'é/?&', count: 1, parts: [] })).toMatchObject({ ok: true, status: 201 })
    await a.changeThing({ thingId: 't.1', place: 7, name: 'b' })
    await a.getThing({ thingId: 't1', limit: 3, hidden: false, tags: ['a b', '&'], state: 'old' })
    expect(await a.dropThing({ thingId: 't1', reason: 'ö & ü' })).toMatchObject({ ok: true, status: 204 })
    expect(await a.sellThing({ thingId: 't1' }, { authorization: 'Channel key-of-till' })).toMatchObject({
      status: 202,
    })
    expect(shop.calls.map(({ input }) => input)).toEqual([
      { name: 'é/?&', count: 1, parts: [], size: 5 },
      { thingId: 't.1', place: 7, name: 'b' },
      { thingId: 't1', limit: 3, hidden: false, tags: ['a b', '&'], state: 'old' },
      { thingId: 't1', reason: 'ö & ü' },
      { thingId: 't1' },
    ])
  })

  test('answers a typed value', async () => {
    const reply = await client().getThing({ thingId: 't1' })
    if (!reply.ok) throw new Error(reply.refusal.detail)
    const name: string = reply.value.name
    expect(name).toBe('a')
    expect(reply.requestId).toMatch(/\./)
    expect(reply.idempotencyKey).toBeNull()
  })

  test('makes its key, or takes the one it is given', async () => {
    const a = client()
    const first = await a.makeThing({ name: 'a', count: 1 })
    expect(first.idempotencyKey).toMatch(/^[0-9a-f-]{36}$/)
    await a.makeThing({ name: 'a', count: 1 }, { idempotencyKey: first.idempotencyKey! })
    await a.makeThing({ name: 'a', count: 1 })
    const ids = shop.calls.map(({ call }) => call.idempotency?.id)
    expect(ids[1]).toBe(ids[0])
    expect(ids[2]).not.toBe(ids[0])
  })

  test('takes along deadline, request id and identity', async () => {
    await client().getThing({ thingId: 't1' }, { deadlineMs: 321, requestId: 'r-1', authorization: GUEST })
    const { call } = shop.calls[0]!
    expect(call.deadline - shop.now).toBe(321)
    expect([call.requestId, call.principal.kind]).toEqual(['r-1', 'guest'])
  })

  test('without a path cannot be called', async () => {
    await expect(client().weighThing({ thingId: 't1' })).rejects.toThrow('weighThing')
  })
})

describe('a refusal', () => {
  test('is a value with all its fields', async () => {
    shop.handlers.makeThing = async () =>
      refuse('out_of_stock', 'Three are left.', { fields: { available: 3 }, retryAfter: 4 })
    expect(await client().makeThing({ name: 'a', count: 9 })).toMatchObject({
      ok: false,
      status: 409,
      refusal: { code: 'out_of_stock', detail: 'Three are left.', fields: { available: 3 }, retryAfter: 4 },
    })
  })

  test('of the gateway too', async () => {
    expect(await client({ authorization: 'Bearer nonsense' }).getThing({ thingId: 't1' })).toMatchObject({
      refusal: { code: 'unauthenticated' },
    })
    expect(await client().getThing({ thingId: 'a/b' })).toMatchObject({
      refusal: { code: 'invalid_request', fields: { errors: [{ path: '/thingId' }] } },
    })
  })
})

describe('asking again', () => {
  const waits: number[] = []
  const policy: RetryPolicy = {
    attempts: 4,
    firstPause: 100,
    longestPause: 5_000,
    wait: async ms => {
      waits.push(ms)
    },
    random: () => 0.5,
  }
  beforeEach(() => {
    waits.length = 0
  })

  /** Refuses so often, then succeeds. */
  const refusing = (times: number, code: 'overloaded' | 'out_of_stock', retryAfter?: number) => {
    let left = times
    const more = retryAfter === undefined ? {} : { retryAfter }
    shop.handlers.makeThing = async () =>
      left-- > 0 ? refuse(code, 'No.', more) : ok({ thingId: 't1', name: 'a' })
  }
  const make = (retry?: RetryPolicy) =>
    client(retry === undefined ? {} : { retry }).makeThing({ name: 'a', count: 1 })

  test('does not happen unasked', async () => {
    refusing(1, 'overloaded')
    expect(await make()).toMatchObject({ refusal: { code: 'overloaded' } })
    expect(shop.calls).toHaveLength(1)
  })

  test('uses the same key, and waits longer each time', async () => {
    refusing(3, 'overloaded')
    expect(await make(policy)).toMatchObject({ ok: true })
    expect(new Set(shop.calls.map(({ call }) => call.idempotency?.id)).size).toBe(1)
    expect(waits).toEqual([50, 100, 200])
  })

  test('is bounded', async () => {
    refusing(99, 'overloaded')
    expect(await make(policy)).toMatchObject({ refusal: { code: 'overloaded' } })
    expect(shop.calls).toHaveLength(4)
  })

  test('keeps to Retry-After, or gives up where it asks for too much', async () => {
    refusing(1, 'overloaded', 2)
    await make(policy)
    expect(waits).toEqual([2_050])
    refusing(1, 'overloaded', 60)
    expect(await make(policy)).toMatchObject({ refusal: { retryAfter: 60 } })
    expect(waits).toHaveLength(1)
  })

  test('is not for what is decided', async () => {
    refusing(1, 'out_of_stock')
    expect(await make(policy)).toMatchObject({ refusal: { code: 'out_of_stock' } })
    expect(waits).toEqual([])
  })

  test('comes after a lost connection too, and says the key when all is in vain', async () => {
    await shop.gateway.close()
    const lost = client({ retry: policy }).makeThing(
      { name: 'a', count: 1 },
      { idempotencyKey: 'mine-to-keep' },
    )
    await expect(lost).rejects.toMatchObject({ trouble: 'connection', idempotencyKey: 'mine-to-keep' })
    expect(waits).toHaveLength(3)
  })
})

describe('no right answer', () => {
  let stranger: Server
  let answer: (end: (status: number, type: string, body: string) => void, destroy: () => void) => void
  let url: string
  beforeEach(async () => {
    stranger = createServer((request, response) => {
      request.resume()
      answer(
        (status, type, body) => response.writeHead(status, { 'content-type': type }).end(body),
        () => response.destroy(),
      )
    })
    await new Promise<void>(resolve => stranger.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`
  })
  afterEach(() => {
    stranger.closeAllConnections()
    stranger.close()
  })
  const ask = (deadlineMs?: number) =>
    createClient(thingContract, { baseUrl: url }).getThing(
      { thingId: 't1' },
      deadlineMs === undefined ? {} : { deadlineMs },
    )

  test.each([
    ['a page', 200, 'text/html', '<h1>It works</h1>'],
    ['a proxy’s page', 502, 'text/html', '<h1>Bad Gateway</h1>'],
    ['a redirect', 302, 'text/html', ''],
    ['broken JSON', 200, 'application/json', '{"thingId":'],
    ['a stranger’s problem', 400, 'application/problem+json', '{"code":"what_is_this"}'],
    ['a problem that inherits', 400, 'application/problem+json', '{"code":"constructor"}'],
  ])('%s is an error of its own', async (_what, status, type, body) => {
    answer = end => end(status, type, body)
    await expect(ask()).rejects.toMatchObject({ name: 'HttpError', trouble: 'answer', status })
  })

  test('a connection that breaks', async () => {
    answer = (_end, destroy) => destroy()
    await expect(ask()).rejects.toMatchObject({ trouble: 'connection' })
  })

  test('silence', async () => {
    answer = () => {}
    const sender = createSender(new URL(url))
    const asked = sender.send({ method: 'GET', path: '/', headers: {}, body: undefined, timeout: 30 })
    await expect(asked).rejects.toBeInstanceOf(HttpError)
    await expect(asked).rejects.toMatchObject({ trouble: 'timeout' })
    sender.close()
  })
})
