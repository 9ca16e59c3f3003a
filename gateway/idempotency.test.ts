// Keys: whose, for what, with which content; and twins.

import { afterEach, beforeEach, expect, test } from 'vitest'
import { ok } from '../platform/contract/result.ts'
import { FakeGateway, GUEST, held, member } from '../tests/support/fake-gateway.ts'

let shop: FakeGateway
beforeEach(() => {
  shop = new FakeGateway()
  shop.sessions.set('token-of-a', member('a'))
})
afterEach(() => shop.close())

const keyOf = (index: number) => shop.calls[index]?.call.idempotency
const KEY = { 'idempotency-key': 'one-and-the-same' }

test.each([undefined, 'short', 'x'.repeat(129), 'with a space', 'ümlaute!'])('%s is no key', async key => {
  const headers = { authorization: GUEST, ...(key === undefined ? {} : { 'idempotency-key': key }) }
  const answer = await shop.ask('POST', '/v1/things', { body: { name: 'a', count: 1 }, headers })
  expect(answer).toMatchObject({ status: 400, json: { code: 'idempotency_key_required' } })
})

test('a key is one id for one person and one operation', async () => {
  const a = { authorization: 'Bearer token-of-a' }
  await shop.make(undefined, KEY)
  await shop.make(undefined, KEY)
  await shop.make(undefined, { ...KEY, ...a })
  await shop.ask('PUT', '/v1/things/t1/parts/1', { body: {}, headers: { ...KEY, ...a } })
  await shop.make()
  expect(keyOf(0)?.id).toMatch(/^[A-Za-z0-9_-]{22}$/)
  expect(keyOf(1)).toEqual(keyOf(0))
  expect(new Set([0, 2, 3, 4].map(index => keyOf(index)?.id)).size).toBe(4)
})

test('a fingerprint is of method, path and body', async () => {
  const headers = { ...KEY, authorization: 'Bearer token-of-a' }
  const put = (url: string, body: string) => shop.ask('PUT', url, { body, headers })
  await put('/v1/things/t1/parts/1', '{}')
  await put('/v1/things/t1/parts/1', '{}')
  await put('/v1/things/t1/parts/2', '{}')
  await put('/v1/things/t1/parts/1', '{"name":"b"}')
  const prints = [0, 1, 2, 3].map(index => keyOf(index)?.fingerprint)
  expect(prints[0]).toMatch(/^[A-Za-z0-9_-]{22}$/)
  expect(prints[1]).toBe(prints[0])
  expect(new Set(prints).size).toBe(3)
})

test('equal bodies under other keys look different: a stored fingerprint tells nothing of a password', async () => {
  await shop.make(undefined, { 'idempotency-key': 'key-number-one' })
  await shop.make(undefined, { 'idempotency-key': 'key-number-two' })
  expect(keyOf(0)?.fingerprint).not.toBe(keyOf(1)?.fingerprint)
})

test('what repeats without harm needs no key and gets none', async () => {
  await shop.ask('GET', '/v1/things/t1', { headers: KEY })
  expect(keyOf(0)).toBeNull()
})

test('twins: the second is turned away until the first has its answer', async () => {
  const gate = held<void>()
  shop.handlers.makeThing = async () => {
    await gate.promise
    return ok({ thingId: 't1', name: 'a' })
  }
  const first = shop.make(undefined, KEY)
  await expect.poll(() => shop.calls.length).toBe(1)
  expect(await shop.make(undefined, KEY)).toMatchObject({ status: 409, json: { code: 'request_in_flight' } })
  expect(await shop.make({ name: 'b', count: 2 }, KEY)).toMatchObject({ status: 409 })
  expect(shop.calls).toHaveLength(1)
  gate.resolve()
  expect(await first).toMatchObject({ status: 201 })
  expect(await shop.make(undefined, KEY)).toMatchObject({ status: 201 })
})

test('a key is free again after a break', async () => {
  shop.handlers.makeThing = () => Promise.reject(new Error('broken'))
  expect(await shop.make(undefined, KEY)).toMatchObject({ status: 500 })
  shop.handlers = {}
  expect(await shop.make(undefined, KEY)).toMatchObject({ status: 201 })
})
