// Who asks, what they may do, and how long somebody is believed.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { channel, FakeGateway, GUEST, held, member } from '../tests/support/fake-gateway.ts'
import { IDENTITY_TTL_MS } from './identity.ts'

let shop: FakeGateway
beforeEach(() => {
  shop = new FakeGateway()
  shop.sessions.set('token-of-a', member('a'))
  shop.sessions.set('token-of-o', member('o', 'operator'))
  shop.sessions.set('token-of-x', member('x', 'administrator'))
  shop.channels.set('key-of-till', channel('till'))
})
afterEach(() => shop.close())

const as = (authorization: string) => ({ authorization })
const get = (authorization?: string) =>
  shop.ask('GET', '/v1/things/t1', authorization === undefined ? {} : { headers: as(authorization) })

describe('who', () => {
  test('nobody, where no header is', async () => {
    await get()
    expect(shop.calls[0]?.call.principal).toMatchObject({ kind: 'anonymous', roles: [] })
  })

  test('a guest, by a hash of a secret', async () => {
    await get(GUEST)
    await get(`guest ${GUEST.slice(6)}`)
    await get('Guest another-secret-of-mine')
    const ids = shop.calls.map(({ call }) => call.principal.id)
    expect(ids[0]).toMatch(/^g_[A-Za-z0-9_-]{22}$/)
    expect(ids[1]).toBe(ids[0])
    expect(ids[2]).not.toBe(ids[0])
    expect(shop.lookups).toBe(0)
  })

  test('at which address, for whom it matters', async () => {
    await shop.ask('GET', '/v1/things/t1', { from: '10.0.0.7' })
    await shop.ask('GET', '/v1/things/t1', { from: '10.0.0.8', headers: as('Bearer token-of-a') })
    expect(shop.calls.map(({ call }) => call.address)).toEqual(['10.0.0.7', '10.0.0.8'])
  })

  test('a member by the session, a channel by its key', async () => {
    await get('Bearer token-of-a')
    await get('Channel key-of-till')
    expect(shop.calls.map(({ call }) => call.principal.id)).toEqual(['m_a', 'c_till'])
  })

  test.each([
    'Bearer nonsense',
    'Channel nonsense',
    // A session's token is no channel's key.
    'Channel token-of-a',
    'Bearer key-of-till',
    'Guest short',
    `Guest ${'x'.repeat(129)}`,
    'Guest with spaces in between it',
    'Basic YTpi',
    'Bearer',
    `Bearer ${'x'.repeat(5_000)}`,
  ])('not anybody: %s, even where nobody is needed', async authorization => {
    const answer = await get(authorization)
    expect(answer).toMatchObject({ status: 401, json: { code: 'unauthenticated' } })
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="levee"')
    expect(shop.calls).toEqual([])
  })
})

describe('what', () => {
  const make = (authorization?: string) =>
    shop.ask('POST', '/v1/things', {
      body: { name: 'a', count: 1 },
      headers: {
        'idempotency-key': 'a-key-of-mine',
        ...(authorization === undefined ? {} : as(authorization)),
      },
    })
  const change = (authorization?: string) =>
    shop.ask('PUT', '/v1/things/t1/parts/1', {
      body: {},
      headers: {
        'idempotency-key': 'a-key-of-mine',
        ...(authorization === undefined ? {} : as(authorization)),
      },
    })
  const drop = (authorization?: string) =>
    shop.ask('DELETE', '/v1/things/t1', { headers: authorization === undefined ? {} : as(authorization) })
  const sell = (authorization?: string) =>
    shop.ask('POST', '/v1/things/t1/sales', { headers: authorization === undefined ? {} : as(authorization) })

  test.each([
    // [who, guest's, customer's or administrator's, operator's, channel's]
    [undefined, 401, 401, 401, 401],
    [GUEST, 201, 403, 403, 403],
    ['Bearer token-of-a', 201, 200, 403, 403],
    ['Bearer token-of-o', 201, 403, 204, 403],
    ['Bearer token-of-x', 201, 200, 403, 403],
    ['Channel key-of-till', 201, 403, 403, 202],
  ])('%s', async (who, guests, customers, operators, channels) => {
    const statuses = [await make(who), await change(who), await drop(who), await sell(who)].map(
      one => one.status,
    )
    expect(statuses).toEqual([guests, customers, operators, channels])
  })

  test('what has no path is not reached', async () => {
    expect(await shop.ask('POST', '/v1/weighThing', { body: {} })).toMatchObject({ status: 404 })
  })
})

describe('how long', () => {
  test('the account module is asked once in five seconds', async () => {
    for (let i = 0; i < 5; i++) await get('Bearer token-of-a')
    expect(shop.lookups).toBe(1)
    shop.sessions.clear()
    expect(await get('Bearer token-of-a')).toMatchObject({ status: 200 })
    shop.now += IDENTITY_TTL_MS
    expect(await get('Bearer token-of-a')).toMatchObject({ status: 401 })
  })

  test('a revocation in this process bites at once, and only there', async () => {
    shop.sessions.set('token-of-b', member('b'))
    for (const token of ['token-of-a', 'token-of-b']) await get(`Bearer ${token}`)
    shop.sessions.clear()
    shop.gateway.forget('m_a')
    expect(await get('Bearer token-of-a')).toMatchObject({ status: 401 })
    expect(await get('Bearer token-of-b')).toMatchObject({ status: 200 })
  })

  test('a channel forgotten takes along whom it speaks for', async () => {
    shop.sessions.set('token-of-c', { ...member('c'), channelId: 'c_till' })
    await get('Bearer token-of-c')
    shop.sessions.clear()
    shop.gateway.forget('c_till')
    expect(await get('Bearer token-of-c')).toMatchObject({ status: 401 })
  })

  test('who asks at the same time shares one question', async () => {
    const gate = held<void>()
    shop.lookupGate = gate.promise
    const answers = Array.from({ length: 10 }, () => get('Bearer token-of-a'))
    await expect.poll(() => shop.lookups).toBe(1)
    gate.resolve()
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array(10).fill(200))
    expect(shop.lookups).toBe(1)
  })

  test('what was asked before a revocation is not shared after it', async () => {
    const gate = held<void>()
    shop.lookupGate = gate.promise
    const early = get('Bearer token-of-a')
    await expect.poll(() => shop.lookups).toBe(1)
    shop.gateway.forget('m_a')
    // Who comes after it does not share the question that was asked before it.
    const later = get('Bearer token-of-a')
    await expect.poll(() => shop.lookups).toBe(2)
    gate.resolve()
    await Promise.all([early, later])
    shop.now += IDENTITY_TTL_MS
    shop.sessions.clear()
    expect(await get('Bearer token-of-a')).toMatchObject({ status: 401 })
  })

  test('what was asked before a revocation is not remembered after it', async () => {
    const gate = held<void>()
    shop.lookupGate = gate.promise
    const early = get('Bearer token-of-a')
    await expect.poll(() => shop.lookups).toBe(1)
    shop.gateway.forget('m_a')
    gate.resolve()
    await early
    shop.sessions.clear()
    expect(await get('Bearer token-of-a')).toMatchObject({ status: 401 })
  })

  test('is remembered from when it was read, not from when it was told', async () => {
    shop.sessions.set('token-of-a', { ...member('a'), asOf: shop.now - IDENTITY_TTL_MS + 10 })
    await get('Bearer token-of-a')
    shop.now += 9
    await get('Bearer token-of-a')
    expect(shop.lookups).toBe(1)
    shop.now++
    await get('Bearer token-of-a')
    expect(shop.lookups).toBe(2)
  })

  test('a stranger is never remembered', async () => {
    await get('Bearer token-of-new')
    shop.sessions.set('token-of-new', member('new'))
    expect(await get('Bearer token-of-new')).toMatchObject({ status: 200 })
  })

  test('a lookup that breaks is a break, not a stranger', async () => {
    shop.lookupGate = Promise.reject(new Error('the secret of the database'))
    expect(await get('Bearer token-of-a')).toMatchObject({ status: 500, json: { code: 'internal_error' } })
    shop.lookupGate = Promise.resolve()
    expect(await get('Bearer token-of-a')).toMatchObject({ status: 200 })
  })
})
