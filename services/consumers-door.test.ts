// Events to consumers in another process: as if they were here, with every way to fail.

import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Consumer } from '../platform/events/consumer.ts'
import type { DomainEvent } from '../platform/events/event.ts'
import { ServiceUnavailable } from '../platform/rpc/failures.ts'
import { isAway, LedgerUnavailable } from '../platform/sql/errors.ts'
import { RpcBed } from '../tests/support/rpc-bed.ts'
import { CONSUMERS, consumersDoor, remoteConsumer } from './consumers-door.ts'
import { moduleNames } from './contracts.ts'
import { checkHears, hearsOf } from './hears-of.ts'

let bed: RpcBed
let taken: DomainEvent[][]
let trouble: Error | null
beforeEach(() => {
  bed = new RpcBed()
  taken = []
  trouble = null
})
afterEach(() => bed.close())

const consumer: Consumer = {
  name: 'point.earn',
  types: ['order.paid'],
  async handle(events) {
    if (trouble !== null) throw trouble
    taken.push([...events])
  },
}
const event = (key: string, version: number): DomainEvent => ({
  ...{ type: 'order.paid', key, version },
  payload: { total: 100, email: null },
})
const serve = (more: { port?: number } = {}) =>
  bed.serve({}, { doors: new Map([[CONSUMERS, consumersDoor([consumer])]]), ...more })

it('hands a batch over whole and in order', async () => {
  const { url } = await serve()
  const remote = remoteConsumer(consumer, bed.client([url]), Date.now)
  expect(remote).toMatchObject({ name: 'point.earn', types: ['order.paid'] })
  expect(remote.copy).toBeUndefined()
  const batch = [event('a', 1), event('b', 1), event('a', 2)]
  await remote.handle(batch)
  expect(taken).toEqual([batch])
})

it('tells why a consumer took none of it, for the dead letter', async () => {
  const { url } = await serve()
  const remote = remoteConsumer(consumer, bed.client([url]), Date.now)
  trouble = new TypeError('no such account: m_1')
  const error = await remote.handle([event('a', 1)]).catch((thrown: Error) => thrown)
  expect(error).toBeInstanceOf(Error)
  expect((error as Error).stack).toContain('TypeError: no such account: m_1')
  expect(isAway(error)).toBe(false)
})

it('a ledger that is away there says nothing of the events', async () => {
  const { url } = await serve()
  const remote = remoteConsumer(consumer, bed.client([url]), Date.now)
  trouble = new LedgerUnavailable('away')
  expect(isAway(await remote.handle([event('a', 1)]).catch((thrown: unknown) => thrown))).toBe(true)
})

it('a service that is started again is waited for', async () => {
  const first = await serve()
  const client = bed.client([first.url])
  const remote = remoteConsumer(consumer, client, Date.now)
  await first.server.close()
  const handing = remote.handle([event('a', 1)])
  await expect.poll(() => client.status.up).toBe(0)
  await serve({ port: Number(new URL(first.url).port) })
  await handing
  expect(taken).toEqual([[event('a', 1)]])
})

it('one that stays away counts as down from when it was missed for seconds, and is not waited for again', async () => {
  const { url, server } = await serve()
  await server.close()
  let now = 1_000_000
  // Each look at the clock is a look ten seconds later.
  const remote = remoteConsumer(consumer, bed.client([url]), () => (now += 10_000))
  for (const key of ['a', 'b'])
    await expect(remote.handle([event(key, 1)])).rejects.toBeInstanceOf(ServiceUnavailable)
  expect(now).toBeLessThan(1_000_000 + 10 * 10_000)
})

it('what the relay knows of consumers is what they say themselves, or nothing starts', () => {
  checkHears('point', [consumer])
  expect(() => checkHears('point', [])).toThrow(/hears-of/)
  expect(() => checkHears('point', [{ ...consumer, types: ['order.paid', 'order.refunded'] }])).toThrow(
    /hears-of/,
  )
  const names = moduleNames.flatMap(module => hearsOf[module].map(({ name }) => name))
  expect(new Set(names).size).toBe(names.length)
})
