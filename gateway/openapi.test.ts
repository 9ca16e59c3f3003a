// The document says what the gateway does, and is whole.

import { afterAll, describe, expect, test } from 'vitest'
import { FakeGateway, thingContract } from '../tests/support/fake-gateway.ts'
import { openApiDocument } from './openapi.ts'

interface Operation {
  operationId: string
  parameters: { name: string; in: string; required: boolean; schema: object }[]
  requestBody?: {
    required: boolean
    content: { 'application/json': { schema: { properties: object; required: string[] } } }
  }
  responses: Record<string, { $ref?: string; description?: string }>
  security: object[]
}

const text = JSON.stringify(openApiDocument([{ name: 'thing', contract: thingContract }], '1.2.3'))
const document = JSON.parse(text) as {
  openapi: string
  paths: Record<string, Record<string, Operation>>
  components: { responses: Record<string, { description: string }> }
}
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
)

const shop = new FakeGateway()
afterAll(() => shop.close())

test('every operation with a path is there, once, and no other', () => {
  const served = Object.entries(thingContract).flatMap(([name, { http }]) => {
    if (!http) return []
    return 'stream' in http ? [name, `${name}Stream`] : [name]
  })
  expect(operations.map(({ operation }) => operation.operationId).sort()).toEqual(served.sort())
  expect(text).not.toContain('weighThing')
})

test('every reference leads somewhere', () => {
  for (const [, pointer] of text.matchAll(/"\$ref":"#([^"]+)"/g)) {
    const found = pointer!
      .split('/')
      .slice(1)
      .reduce<unknown>((at, key) => (at as Record<string, unknown>)?.[key], document)
    expect(found, pointer).toBeDefined()
  }
})

test('what stands in the path is a parameter, and the other way round', () => {
  for (const { path, operation } of operations) {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
    const declared = operation.parameters.filter(parameter => parameter.in === 'path')
    expect(declared.map(({ name }) => name)).toEqual(inPath)
    expect(declared.every(({ required, schema }) => required && schema !== undefined)).toBe(true)
  }
})

test('names of shared parts are such as OpenAPI allows', () => {
  for (const name of Object.keys(document.components.responses)) expect(name).toMatch(/^[A-Za-z0-9._-]+$/)
})

describe('refusals', () => {
  const codes = (path: string, method: string, status: number): string => {
    const reference = document.paths[path]![method]!.responses[status]?.$ref
    return document.components.responses[reference?.split('/').at(-1) ?? '']?.description ?? ''
  }

  test('of the operation and of the gateway stand by their status', () => {
    expect(codes('/v1/things', 'post', 409)).toMatch(/`id_taken`.*`out_of_stock`.*`request_in_flight`/)
    expect(codes('/v1/things', 'post', 422)).toContain('`idempotency_key_reused`')
    expect(codes('/v1/things', 'post', 413)).toContain('`body_too_large`')
    expect(codes('/v1/things', 'post', 403)).toContain('`forbidden`')
    expect(codes('/v1/things/{thingId}', 'get', 404)).toContain('`not_found`')
    expect(codes('/v1/things/{thingId}', 'get', 403)).toBe('')
    expect(codes('/v1/things/{thingId}', 'get', 413)).toBe('')
    expect(codes('/v1/things/{thingId}', 'get', 503)).toContain('`deadline_exceeded`')
  })
})

test('identity: what is public needs none', () => {
  const security = (path: string, method: string) => document.paths[path]![method]!.security
  expect(security('/v1/things/{thingId}', 'get')).toEqual([
    {},
    { session: [] },
    { guest: [] },
    { channel: [] },
  ])
  expect(security('/v1/things', 'post')).toEqual([{ session: [] }, { guest: [] }, { channel: [] }])
  expect(security('/v1/things/{thingId}', 'delete')).toEqual([{ session: [] }])
  expect(security('/v1/things/{thingId}/sales', 'post')).toEqual([{ channel: [] }])
})

test('fields stand where they are read', () => {
  const put = document.paths['/v1/things/{thingId}/parts/{place}']!.put!
  expect(Object.keys(put.requestBody!.content['application/json'].schema.properties)).toEqual(['name'])
  expect(put.requestBody!.required).toBe(false)
  expect(put.parameters.map(({ name }) => name)).toEqual([
    'thingId',
    'place',
    'Idempotency-Key',
    'x-deadline-ms',
  ])
  const get = document.paths['/v1/things/{thingId}']!.get!
  expect(get.requestBody).toBeUndefined()
  expect(get.parameters.filter(parameter => parameter.in === 'query').map(({ name }) => name)).toContain(
    'limit',
  )
})

test('it is served, and its page with all that the page needs', async () => {
  const served = await shop.ask('GET', '/openapi.json')
  expect(served).toMatchObject({ status: 200, json: { openapi: '3.1.1', info: { version: '1.2.3' } } })
  const page = await shop.ask('GET', '/docs')
  expect(page.headers['content-security-policy']).toContain("default-src 'none'")
  const needed = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url!)
  expect(needed.length).toBeGreaterThan(3)
  for (const url of needed) {
    expect(url).toMatch(/^\/docs\//)
    expect((await shop.ask('GET', url)).status, url).toBe(200)
  }
})

test.each(['/docs/package.json', '/docs/..%2Fpackage.json', '/docs/__proto__', '/docs/swagger-ui.js'])(
  '%s is not served',
  async path => {
    expect(await shop.ask('GET', path)).toMatchObject({ status: 404, json: { code: 'not_found' } })
  },
)

test('what may be accepted says so beside what is done', () => {
  const { responses } = document.paths['/v1/orders']!.post!
  expect(responses['201']!.description).toBe('Made')
  expect(responses['202']!.description).toContain('Accepted')
  expect(document.paths['/v1/things']!.post!.responses['202']).toBeUndefined()
})

test('what can be watched has a path of its own, with events instead of an answer', () => {
  const { responses } = document.paths['/v1/things/{thingId}/mending/events']!.get! as unknown as {
    responses: Record<string, { content?: object }>
  }
  expect(Object.keys(responses['200']!.content!)).toEqual(['text/event-stream'])
  expect(responses['404']).toBeDefined()
})
