// What goes back: successes, refusals, breaks, strays, and what the log may say of them.

import { connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { catalogue } from '../platform/contract/catalogue.ts'
import { ok, refuse } from '../platform/contract/result.ts'
import { CommitUnknown, LedgerUnavailable } from '../platform/sql/errors.ts'
import { FakeGateway, GUEST } from '../tests/support/fake-gateway.ts'

let shop: FakeGateway
beforeEach(() => {
  shop = new FakeGateway()
})
afterEach(() => shop.close())

const get = (headers: Record<string, string> = {}) => shop.ask('GET', '/v1/things/t1', { headers })

describe('a success', () => {
  test('has the status of its contract and harmless headers', async () => {
    const answer = await shop.make()
    expect(answer).toMatchObject({ status: 201, json: { thingId: 't1', name: 'a' } })
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    })
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin')
  })

  test('is sent as the text it was stored as', async () => {
    const json = '{ "thingId":"t1",  "name":"été" }'
    shop.handlers.makeThing = async () => ({ ...ok({ other: 1 }), json })
    const answer = await shop.make()
    expect(answer.text).toBe(json)
    expect(answer.headers['content-length']).toBe(String(Buffer.byteLength(json)))
  })

  test('answers HEAD as GET, without the body', async () => {
    const answer = await shop.ask('HEAD', '/v1/things/t1')
    expect(answer).toMatchObject({ status: 200, text: '' })
    expect(answer.headers['content-length']).toBe('27')
  })

  test('that is no JSON is a break', async () => {
    shop.handlers.getThing = async () => ok({ big: 1n })
    expect(await get()).toMatchObject({ status: 500 })
    expect(await shop.gateway.drain(1_000)).toBe(true)
  })
})

describe('a request id', () => {
  test('is the client’s, where it is harmless', async () => {
    expect((await get({ 'x-request-id': 'my.id-1' })).headers['x-request-id']).toBe('my.id-1')
    expect(shop.calls[0]?.call.requestId).toBe('my.id-1')
  })

  test.each(['', 'with space', 'x'.repeat(65), '"quoted"', 'a\tb'])('is made instead of %j', async id => {
    expect((await get({ 'x-request-id': id })).headers['x-request-id']).toMatch(
      /^[A-Za-z0-9_-]{8}\.[0-9a-z]+$/,
    )
  })

  test('is new each time', async () => {
    const ids = new Set<unknown>()
    for (let i = 0; i < 20; i++) ids.add((await get()).headers['x-request-id'])
    expect(ids.size).toBe(20)
  })
})

describe('a refusal', () => {
  test('is a problem document with all that the catalogue and the operation say', async () => {
    const fields = { available: 3, status: 'not this', detail: 'nor this' }
    shop.handlers.makeThing = async () => refuse('out_of_stock', 'Three are left.', { fields, retryAfter: 7 })
    const answer = await shop.make(undefined, { 'x-request-id': 'r-1' })
    expect(answer.headers).toMatchObject({
      'content-type': 'application/problem+json; charset=utf-8',
      'retry-after': '7',
      'cache-control': 'no-store',
    })
    expect(answer.json).toEqual({
      type: 'https://levee.invalid/problems/out_of_stock',
      title: catalogue.out_of_stock.title,
      status: 409,
      code: 'out_of_stock',
      advice: catalogue.out_of_stock.advice,
      detail: 'Three are left.',
      requestId: 'r-1',
      available: 3,
    })
  })

  test.each(Object.keys(catalogue) as (keyof typeof catalogue)[])('%s has its status', async code => {
    shop.handlers.getThing = async () => refuse(code, '"Quoted" <b>&amp;</b> é')
    expect(await get()).toMatchObject({
      status: catalogue[code].status,
      json: { code, status: catalogue[code].status, detail: '"Quoted" <b>&amp;</b> é' },
    })
  })
})

describe('a break', () => {
  test.each([
    ['thrown', () => Promise.reject(new Error('password=hunter2'))],
    [
      'thrown at once',
      () => {
        throw new TypeError('password=hunter2')
      },
    ],
    ['of something that is no error', () => Promise.reject('hunter2')],
  ])('%s tells the client nothing and the log all but secrets', async (_how, handler) => {
    shop.handlers.makeThing = handler
    const answer = await shop.make(undefined, { 'x-request-id': 'r-500' })
    expect(answer).toMatchObject({ status: 500, json: { code: 'internal_error', requestId: 'r-500' } })
    expect(answer.text).not.toMatch(/hunter2|Error|at /)
    expect(shop.log).toContain('r-500')
    expect(shop.log).toContain('thing.makeThing')
    expect(shop.log).not.toContain(GUEST.slice(6))
    expect(await shop.gateway.drain(1_000)).toBe(true)
  })

  test('of the ledger is said as such', async () => {
    shop.handlers.getThing = () => Promise.reject(new LedgerUnavailable('10.0.0.1 refused'))
    const gone = await get()
    expect(gone).toMatchObject({
      status: 503,
      json: { code: 'ledger_unavailable' },
      headers: { 'retry-after': '1' },
    })
    expect(gone.text).not.toContain('10.0.0.1')
    shop.handlers.getThing = () => Promise.reject(new CommitUnknown('lost'))
    expect(await get()).toMatchObject({ status: 503, json: { code: 'outcome_unknown' } })
    shop.handlers.getThing = () =>
      Promise.reject(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }))
    expect(await get()).toMatchObject({ status: 503, json: { code: 'ledger_unavailable' } })
    shop.handlers.getThing = () => Promise.reject(Object.assign(new Error('deadlock'), { errno: 1213 }))
    expect(await get()).toMatchObject({ status: 503, json: { code: 'lock_timeout' } })
  })
})

describe('a stray', () => {
  test.each([
    '/',
    '/v1',
    '/v1/nothing',
    '/v1/things/t1/',
    '/v2/things/t1',
    '/V1/things/t1',
    '/v1/things/a/b',
  ])('%s is not found', async path => {
    expect(await shop.ask('GET', path)).toMatchObject({ status: 404, json: { code: 'not_found' } })
  })

  test.each([
    ['DELETE', '/v1/things', 'POST'],
    ['PATCH', '/v1/things/t1', 'DELETE, GET, HEAD'],
    ['OPTIONS', '/v1/things/t1', 'DELETE, GET, HEAD'],
    ['GET', '/v1/things/t1/parts/1', 'PUT'],
    ['POST', '/v1/things/t1?limit=1', 'DELETE, GET, HEAD'],
  ] as const)('%s %s is told the methods there are', async (method, path, allow) => {
    const answer = await shop.ask(method, path)
    expect(answer).toMatchObject({ status: 405, json: { code: 'method_not_allowed' } })
    expect(answer.headers.allow).toBe(allow)
  })

  test.each([
    ['no HTTP at all', 'GARBAGE\r\n\r\n', '400 Bad Request', 'malformed_request'],
    [
      'endless headers',
      `GET / HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`,
      '431',
      'headers_too_large',
    ],
    [
      'two lengths',
      'POST /v1/things HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}',
      '400 Bad Request',
      'malformed_request',
    ],
  ])('of %s gets a problem document too', async (_what, bytes, status, code) => {
    const { port, hostname } = new URL(await shop.listen())
    const text = await new Promise<string>((resolve, reject) => {
      let all = ''
      const socket = connect(Number(port), hostname, () => socket.write(bytes))
      socket.setEncoding('utf8').on('data', chunk => {
        all += chunk
      })
      socket.on('error', reject).on('close', () => resolve(all))
    })
    expect(text).toContain(`HTTP/1.1 ${status}`)
    expect(text).toContain(`"code":"${code}"`)
  })

  test('a huge body is cut off while it is being sent', async () => {
    const { port, hostname } = new URL(await shop.listen())
    const head =
      'POST /v1/things HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n'
    const chunk = `1000\r\n${'x'.repeat(4096)}\r\n`
    const answer = await new Promise<string>(resolve => {
      let all = ''
      const socket = connect(Number(port), hostname, () => {
        socket.write(head)
        const more = () => {
          while (socket.writable && socket.write(chunk));
        }
        socket.on('drain', more)
        more()
      })
      socket.setEncoding('utf8').on('data', data => {
        all += data
      })
      // Written to after the end: the server does not listen any more.
      socket.on('error', () => resolve(all)).on('close', () => resolve(all))
    })
    expect(answer === '' || answer.includes('"code":"body_too_large"')).toBe(true)
    expect(await get()).toMatchObject({ status: 200 })
  })
})

describe('the log', () => {
  test('says nothing of ordinary requests', async () => {
    await get()
    await shop.make()
    expect(shop.log).toBe('')
  })

  test('says each one at debug, without its secrets', async () => {
    await shop.close()
    shop = new FakeGateway({}, 'debug')
    await shop.make(undefined, { 'x-request-id': 'r-7' })
    expect(JSON.parse(shop.log)).toMatchObject({
      requestId: 'r-7',
      operation: 'thing.makeThing',
      status: 201,
    })
    expect(shop.log).not.toContain(GUEST.slice(6))
  })
})
