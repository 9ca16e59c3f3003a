// An answer that is watched: told when it changes, ended when it is final, bounded in every way.

import { request } from 'node:http'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ok, refuse } from '../platform/contract/result.ts'
import { FakeGateway, GUEST, member } from '../tests/support/fake-gateway.ts'

let shop: FakeGateway
let url: string
/** What the operation answers now. */
let state: string
beforeEach(async () => {
  shop = new FakeGateway()
  state = 'broken'
  shop.handlers.mendThing = async () => ok({ thingId: 't1', name: state })
  url = await shop.listen()
})
afterEach(() => shop.close())

interface Watched {
  status: number
  type: string
  text: string
  ended: boolean
  leave(): void
}

function watch(authorization = GUEST, thingId = 't1'): Watched {
  const outgoing = request(`${url}/v1/things/${thingId}/mending/events`, { headers: { authorization } })
  const watched: Watched = { status: 0, type: '', text: '', ended: false, leave: () => outgoing.destroy() }
  outgoing.on('response', incoming => {
    watched.status = incoming.statusCode ?? 0
    watched.type = incoming.headers['content-type'] ?? ''
    incoming.setEncoding('utf8').on('data', (chunk: string) => {
      watched.text += chunk
    })
    incoming.on('end', () => {
      watched.ended = true
    })
    incoming.on('error', () => undefined)
  })
  outgoing.on('error', () => undefined)
  outgoing.end()
  return watched
}
const states = ({ text }: Watched): string[] =>
  [...text.matchAll(/event: state\ndata: (.+)\n\n/g)].map(([, json]) => JSON.parse(json!).name as string)
const until = (condition: () => boolean) => vi.waitUntil(condition, { timeout: 10_000, interval: 5 })
const asked = (thingId = 't1') => shop.calls.filter(({ input }) => input.thingId === thingId).length

test('tells the state at once, each change once, and ends with the last one', async () => {
  const one = watch()
  await until(() => states(one).length === 1)
  expect([one.status, one.type, one.ended]).toEqual([200, 'text/event-stream; charset=utf-8', false])
  // Asked several times, and nothing has changed.
  await until(() => asked() >= 3)
  expect(states(one)).toEqual(['broken'])
  state = 'in work'
  await until(() => states(one).length === 2)
  state = 'as new'
  await until(() => one.ended)
  expect(states(one)).toEqual(['broken', 'in work', 'as new'])
})

test('ends at once where there is nothing to wait for, and is a plain answer where it is refused', async () => {
  state = 'as new'
  const done = watch()
  await until(() => done.ended)
  expect(states(done)).toEqual(['as new'])
  shop.handlers.mendThing = async () => refuse('not_found', 'There is none.')
  const none = watch()
  await until(() => none.ended)
  expect([none.status, none.type]).toEqual([404, 'application/problem+json; charset=utf-8'])
  const nobody = watch('Bearer nobody')
  await until(() => nobody.ended)
  expect(nobody.status).toBe(401)
})

test('keeps the connection with a line that says nothing, and ends after its time', async () => {
  const one = watch()
  await until(() => states(one).length === 1)
  shop.now += 16_000
  await until(() => one.text.endsWith('\n\n:\n\n'))
  shop.now += 60_000
  await until(() => one.ended)
  expect(states(one)).toEqual(['broken'])
})

test('asks no more for who has gone, and ends where the operation breaks or refuses', async () => {
  const [gone, stays] = [watch(GUEST, 'gone'), watch(GUEST, 'stays')]
  await until(() => states(gone).length === 1 && states(stays).length === 1)
  gone.leave()
  const [before, since] = [asked('gone'), asked('stays')]
  await until(() => asked('stays') >= since + 4)
  // One may have been on its way.
  expect(asked('gone')).toBeLessThanOrEqual(before + 1)
  const refused = watch()
  await until(() => states(refused).length === 1)
  shop.handlers.mendThing = async () => refuse('not_found', 'It is thrown away.')
  await until(() => refused.ended)
  shop.handlers.mendThing = async () => ok({ thingId: 't1', name: 'broken' })
  const broken = watch()
  await until(() => states(broken).length === 1)
  shop.handlers.mendThing = () => Promise.reject(new Error('a bug'))
  await until(() => broken.ended)
  expect(shop.log).toContain('a bug')
})

test('holds up neither draining nor those who lose their rights', async () => {
  shop.sessions.set('token-of-a', member('a'))
  const [mine, other] = [watch('Bearer token-of-a'), watch()]
  await until(() => states(mine).length === 1 && states(other).length === 1)
  shop.gateway.forget('m_a')
  await until(() => mine.ended)
  expect(other.ended).toBe(false)
  expect(await shop.gateway.drain(5_000)).toBe(true)
  await until(() => other.ended)
})

test('is refused where too many are open, until one of them ends', async () => {
  await shop.close()
  shop = new FakeGateway({ streamsMost: 3 })
  shop.handlers.mendThing = async () => ok({ thingId: 't1', name: 'broken' })
  url = await shop.listen()
  const all = [watch(), watch(), watch()]
  await until(() => all.every(each => states(each).length === 1))
  const late = watch()
  await until(() => late.ended)
  expect(late.status).toBe(503)
  all[0]!.leave()
  const tries: Watched[] = []
  await until(() => {
    if (tries.every(each => each.ended)) tries.push(watch())
    return tries.some(each => states(each).length === 1)
  })
})

test('what is accepted and not done yet has its own status', async () => {
  const order = () =>
    shop.ask('POST', '/v1/orders', { body: { thingId: 't1' }, headers: { authorization: GUEST } })
  expect((await order()).status).toBe(201)
  shop.handlers.orderThing = async () => ({ ...ok({ thingId: 't1', name: 'a' }), accepted: true })
  expect((await order()).status).toBe(202)
})
