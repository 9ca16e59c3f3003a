// What arrives as text becomes exactly the input of the contract, or a refusal that names the field.

import fc from 'fast-check'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { FakeGateway, GUEST, thingContract } from '../tests/support/fake-gateway.ts'
import { inputReader } from './read-input.ts'

const shop = new FakeGateway()
afterAll(() => shop.close())
beforeEach(() => {
  shop.calls.length = 0
})

const keyed = (key = 'a-key-of-mine') => ({ authorization: GUEST, 'idempotency-key': key })
const post = (body: string | Buffer, type?: string) =>
  shop.ask('POST', '/v1/things', { body, headers: keyed(), ...(type === undefined ? {} : { type }) })

describe('a body', () => {
  test('arrives as it is, with defaults for what is missing', async () => {
    const answer = await shop.make({ name: 'é', count: 3, parts: [{ partId: 'p' }] })
    expect(answer.status).toBe(201)
    expect(shop.calls[0]?.input).toEqual({ name: 'é', count: 3, size: 5, parts: [{ partId: 'p' }] })
  })

  test.each([
    ['text for a number', { name: 'a', count: '1' }, '/count'],
    ['a number for text', { name: 1, count: 1 }, '/name'],
    ['a boolean for a number', { name: 'a', count: true }, '/count'],
    ['null', { name: null, count: 1 }, '/name'],
    ['one thing for a list', { name: 'a', count: 1, parts: { partId: 'p' } }, '/parts'],
    ['zero', { name: 'a', count: 0 }, '/count'],
    ['less than zero', { name: 'a', count: -1 }, '/count'],
    ['a fraction', { name: 'a', count: 1.5 }, '/count'],
    ['2^53', { name: 'a', count: 2 ** 53 }, '/count'],
    ['2^53 as money', { name: 'a', count: 1, price: 2 ** 53 }, '/price'],
    ['a missing field', { name: 'a' }, '/count'],
    ['an unknown field', { name: 'a', count: 1, prcie: 1 }, '/prcie'],
    ['an unknown field further in', { name: 'a', count: 1, parts: [{ partId: 'p', x: 1 }] }, '/parts/0/x'],
    ['control characters', { name: 'a\u0000', count: 1 }, '/name'],
    ['too long a text', { name: 'x'.repeat(21), count: 1 }, '/name'],
    ['a list', [], ''],
    ['text', '"a"', ''],
    ['null alone', 'null', ''],
  ])('with %s is refused at its place', async (_what, body, path) => {
    const answer = await shop.make(body)
    expect(answer).toMatchObject({ status: 400, json: { code: 'invalid_request' } })
    expect(answer.json.errors?.map(error => error.path)).toContain(path)
    expect(shop.calls).toEqual([])
  })

  test.each([
    ['broken off', '{"name":"a"'],
    ['two documents', '{}{}'],
    ['a number that is none', '{"name":"a","count":NaN}'],
    ['a comment', '{"name":"a","count":1}//'],
    ['__proto__', '{"name":"a","count":1,"__proto__":{"admin":true}}'],
    ['__proto__ in disguise', '{"name":"a","count":1,"\\u005f_proto__":{"admin":true}}'],
    ['constructor.prototype', '{"name":"a","count":1,"constructor":{"prototype":{"admin":true}}}'],
    ['two byte order marks', '\ufeff\ufeff{"name":"a","count":1}'],
  ])('with %s is malformed', async (_what, body) => {
    expect(await post(body)).toMatchObject({ status: 400, json: { code: 'malformed_body' } })
    expect(shop.calls).toEqual([])
    expect(({} as { admin?: unknown }).admin).toBeUndefined()
  })

  test('that is not UTF-8 is malformed', async () => {
    const latin1 = Buffer.from('{"name":"caf\xe9","count":1}', 'latin1')
    expect(await post(latin1)).toMatchObject({ status: 400, json: { code: 'malformed_body' } })
  })

  test('with a number beyond all numbers is refused', async () => {
    expect(await post('{"name":"a","count":1e999}')).toMatchObject({ json: { code: 'invalid_request' } })
  })

  test('with a byte order mark is read', async () => {
    expect(await post('\ufeff{"name":"a","count":1}')).toMatchObject({ status: 201 })
  })

  test('with a name twice: the last one is both checked and used', async () => {
    expect(await post('{"name":"a","count":0,"count":7}')).toMatchObject({ status: 201 })
    expect(shop.calls[0]?.input.count).toBe(7)
    expect(await post('{"name":"a","count":7,"count":0}')).toMatchObject({ status: 400 })
  })

  test('nested without end is refused', async () => {
    expect(await post('['.repeat(4_000))).toMatchObject({ json: { code: 'malformed_body' } })
    const deep = `{"name":${'['.repeat(1_500)}${']'.repeat(1_500)},"count":1}`
    expect(await post(deep)).toMatchObject({ json: { code: 'invalid_request' } })
  })

  test.each(['text/plain', 'application/xml', 'application/x-www-form-urlencoded', 'nonsense'])(
    'as %s is of an unknown type',
    async type => {
      expect(await post('{}', type)).toMatchObject({ status: 415, json: { code: 'unsupported_media_type' } })
    },
  )

  test('of a type with a charset is read', async () => {
    expect(await post('{"name":"a","count":1}', 'application/json; charset=utf-8')).toMatchObject({
      status: 201,
    })
  })

  test('longer than the limit is too large', async () => {
    const answer = await post(`{"name":"${'x'.repeat(5_000)}"}`)
    expect(answer).toMatchObject({ status: 413, json: { code: 'body_too_large' } })
    expect(answer.headers.connection).toBe('close')
  })

  test('missing altogether is an empty object', async () => {
    const answer = await shop.ask('POST', '/v1/things', { headers: keyed() })
    expect(answer.json.errors?.map(error => error.path)).toEqual(['/name', '/count'])
  })

  test('cannot say again what the path says', async () => {
    shop.sessions.set('of-a', {
      kind: 'member',
      id: 'm_a',
      roles: ['customer'],
      channelId: null,
      email: null,
    })
    const headers = { ...keyed(), authorization: 'Bearer of-a' }
    const put = (url: string, body: unknown) => shop.ask('PUT', url, { body, headers })
    expect(await put('/v1/things/t1/parts/3', { thingId: 't2' })).toMatchObject({
      status: 400,
      json: { errors: [{ path: '/thingId' }] },
    })
    expect(await put('/v1/things/t1/parts/3', { name: 'b' })).toMatchObject({ status: 200 })
    expect(shop.calls[0]?.input).toEqual({ thingId: 't1', place: 3, name: 'b' })
    expect(await put('/v1/things/t1/parts/three', {})).toMatchObject({
      json: { errors: [{ path: '/place' }] },
    })
    expect(await put('/v1/things/t1/parts/3?name=b', {})).toMatchObject({
      json: { errors: [{ path: '/name' }] },
    })
  })
})

describe('path and query', () => {
  const get = (query: string, thingId = 't1') => shop.ask('GET', `/v1/things/${thingId}${query}`)

  test.each([
    ['', { limit: 20 }],
    ['?limit=7', { limit: 7 }],
    ['?ratio=-1.5', { limit: 20, ratio: -1.5 }],
    ['?hidden=true', { limit: 20, hidden: true }],
    ['?hidden=false', { limit: 20, hidden: false }],
    ['?tags=a', { limit: 20, tags: ['a'] }],
    ['?tags=a&tags=7', { limit: 20, tags: ['a', '7'] }],
    ['?state=old', { limit: 20, state: 'old' }],
    ['?level=2', { limit: 20, level: 2 }],
  ])('%s is read by its schema', async (query, input) => {
    expect(await get(query)).toMatchObject({ status: 200 })
    expect(shop.calls[0]?.input).toEqual({ thingId: 't1', ...input })
  })

  test.each([
    ['?limit=', '/limit'],
    ['?limit=7x', '/limit'],
    ['?limit=0x10', '/limit'],
    ['?limit=1e1', '/limit'],
    ['?limit=101', '/limit'],
    ['?limit=9007199254740993', '/limit'],
    ['?limit=1&limit=2', '/limit'],
    ['?ratio=NaN', '/ratio'],
    ['?hidden=yes', '/hidden'],
    ['?tags=a&tags=b&tags=c&tags=d&tags=e', '/tags'],
    ['?state=', '/state'],
    ['?state=odd', '/state'],
    ['?level=3', '/level'],
    ['?other=1', '/other'],
    ['?__proto__=1', '/__proto__'],
    ['?constructor=1', '/constructor'],
    ['?thingId=t2', '/thingId'],
  ])('%s is refused', async (query, path) => {
    const answer = await get(query)
    expect(answer).toMatchObject({ status: 400, json: { code: 'invalid_request' } })
    expect(answer.json.errors?.map(error => error.path)).toContain(path)
  })

  test.each(['%00', 'a%2Fb', 'a b', '%3Cb%3E', `${'x'.repeat(65)}`])('no id is %s', async thingId => {
    expect(await get('', encodeURI(decodeURI(thingId)))).toMatchObject({ json: { code: 'invalid_request' } })
  })

  test('a path that cannot be decoded is malformed', async () => {
    expect(await get('', '%ff')).toMatchObject({ status: 400, json: { code: 'malformed_request' } })
  })

  test('a body where none belongs is refused', async () => {
    shop.sessions.set('of-o', {
      kind: 'member',
      id: 'm_o',
      roles: ['operator'],
      channelId: null,
      email: null,
    })
    const headers = { authorization: 'Bearer of-o' }
    const drop = (url: string, body?: unknown) => shop.ask('DELETE', url, { headers, body })
    expect(await drop('/v1/things/t1', { reason: 'x' })).toMatchObject({ json: { code: 'invalid_request' } })
    const done = await drop('/v1/things/t1?reason=old')
    expect(done).toMatchObject({ status: 204, text: '' })
    expect(done.headers).not.toHaveProperty('content-length')
    expect(shop.calls[0]?.input).toEqual({ thingId: 't1', reason: 'old' })
  })
})

test('whatever arrives, the reader says yes or no and never breaks', () => {
  const read = inputReader(thingContract.makeThing)
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        fc.jsonValue().map(value => JSON.stringify(value)),
      ),
      body => {
        const result = read({}, {}, body)
        if (!result.ok) expect(['malformed_body', 'invalid_request']).toContain(result.refusal.code)
      },
    ),
  )
})

test('a contract whose path names no field is a mistake at start-up', () => {
  const { makeThing } = thingContract
  expect(() =>
    inputReader({ ...makeThing, http: { method: 'POST', path: '/a/:nothing', status: 200 } }),
  ).toThrow('nothing')
})
