// Health and metrics, as a platform and Prometheus ask for them.

import { afterEach, expect, test } from 'vitest'
import { refuse } from '../platform/contract/result.ts'
import { FakeGateway, held } from '../tests/support/fake-gateway.ts'

let shop: FakeGateway
afterEach(() => shop.close())

const ready = () => shop.ask('GET', '/health/ready')

test('alive is who answers, ready whose ledger does', async () => {
  shop = new FakeGateway()
  expect(await shop.ask('GET', '/health/live')).toMatchObject({ status: 200, json: { status: 'live' } })
  expect(await ready()).toMatchObject({ status: 200, json: { status: 'ready' } })
  shop.isReady = () => Promise.reject(new Error('no ledger'))
  shop.now += 1_000
  expect(await ready()).toMatchObject({ status: 503, json: { code: 'ledger_unavailable' } })
  expect(await shop.ask('GET', '/health/live')).toMatchObject({ status: 200 })
  shop.isReady = async () => {}
  shop.now += 1_000
  expect(await ready()).toMatchObject({ status: 200 })
})

test('a crowd of probes asks the ledger once', async () => {
  shop = new FakeGateway()
  const gate = held<void>()
  let asked = 0
  shop.isReady = () => {
    asked++
    return gate.promise
  }
  const probes = Array.from({ length: 20 }, ready)
  await expect.poll(() => asked).toBe(1)
  gate.resolve()
  expect((await Promise.all(probes)).map(({ status }) => status)).toEqual(Array(20).fill(200))
  await ready()
  expect(asked).toBe(1)
})

test('who drains is not ready', async () => {
  shop = new FakeGateway()
  await shop.gateway.drain(1_000)
  expect(await ready()).toMatchObject({ status: 503, json: { code: 'shutting_down' } })
})

const metrics = async (headers: Record<string, string> = {}) => await shop.ask('GET', '/metrics', { headers })

test('metrics count requests by route, refusals by code, batches by name', async () => {
  shop = new FakeGateway()
  await shop.ask('GET', '/v1/things/t1')
  await shop.ask('GET', '/v1/things/t2')
  await shop.ask('GET', '/v1/no-such-thing')
  shop.handlers.getThing = async () => refuse('not_found', 'Gone.')
  await shop.ask('GET', '/v1/things/t3')
  shop.metrics.observeBatch({ name: 'order', size: 12, oldestWait: 3, duration: 4 })
  const { text, headers } = await metrics()
  expect(headers['content-type']).toContain('text/plain; version=0.0.4')
  const labels = (status: number) =>
    `http_request_method="GET",http_route="/v1/things/:thingId",http_response_status_code="${status}"`
  for (const line of [
    `http_server_request_duration_seconds_count{${labels(200)}} 2`,
    `http_server_request_duration_seconds_bucket{le="+Inf",${labels(200)}} 2`,
    `http_server_request_duration_seconds_count{${labels(404)}} 1`,
    'http_server_request_duration_seconds_count{http_request_method="_OTHER",http_route="",http_response_status_code="404"} 1',
    'http_server_active_requests 0',
    'levee_refusals_total{code="not_found"} 2',
    'levee_batch_size_bucket{le="8",name="order"} 0',
    'levee_batch_size_bucket{le="16",name="order"} 1',
    'levee_batch_wait_seconds_sum{name="order"} 0.003',
    'levee_batch_duration_seconds_count{name="order"} 1',
    'db_client_connection_count{db_client_connection_state="idle"} 2',
    'db_client_connection_pending_requests 3',
    'levee_outbox_depth 4',
    'levee_outbox_oldest_age_seconds 1.5',
  ]) {
    expect(text.split('\n')).toContain(line)
  }
  expect(text).toMatch(/^nodejs_eventloop_delay_p99_seconds \d/m)
  expect(text).not.toContain('no-such-thing')
})

test('metrics come without the outbox where the ledger is away', async () => {
  shop = new FakeGateway()
  shop.outbox = () => Promise.reject(new Error('no ledger'))
  const { status, text } = await metrics()
  expect(status).toBe(200)
  expect(text).toContain('process_resident_memory_bytes')
  expect(text).not.toMatch(/^levee_outbox/m)
  shop.outbox = async () => ({ depth: 0, oldestAge: 0 })
  expect((await metrics()).text).toMatch(/^levee_outbox_depth 0$/m)
})

test('metrics want their token where one is configured', async () => {
  shop = new FakeGateway({ metricsToken: 'let-me-in' })
  expect(await metrics()).toMatchObject({ status: 401, json: { code: 'unauthenticated' } })
  expect(await metrics({ authorization: 'Bearer let-me-ix' })).toMatchObject({ status: 401 })
  expect(await metrics({ authorization: 'Bearer let-me-in' })).toMatchObject({ status: 200 })
})
