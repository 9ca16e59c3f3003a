// On a real shop, and on servers that hang, babble or are none.

import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ShopPlace } from '../../tests/support/shop.ts'
import { sampleValue } from './parse-prometheus.ts'
import { readShopMetrics, readShopReady } from './shop-probe.ts'

const never = new AbortController().signal
const LIMIT_MS = 300
const SOON_MS = 2_000

describe('a real shop', () => {
  let place: ShopPlace
  let base: string
  beforeAll(async () => {
    place = await ShopPlace.open({
      engine: { name: 'sqlite' },
      env: { LEVEE_METRICS_TOKEN: 'a-token-for-metrics' },
    })
    base = (await place.start()).url
  })
  afterAll(() => place.drop())

  it('is ready, and tells of itself', async () => {
    expect(await readShopReady({ base }, never)).toEqual({ ready: true, ms: expect.any(Number), code: null })
    const { samples, ignored } = await readShopMetrics({ base, metricsToken: 'a-token-for-metrics' }, never)
    expect(ignored).toBe(0)
    expect(sampleValue(samples, 'process_resident_memory_bytes')).toBeGreaterThan(1_000_000)
    expect(samples.length).toBeGreaterThan(20)
  })

  it('shows its metrics to nobody without the token', async () => {
    await expect(readShopMetrics({ base }, never)).rejects.toMatchObject({ kind: 'denied' })
    const wrong = readShopMetrics({ base, metricsToken: 'wrong' }, never)
    await expect(wrong).rejects.toMatchObject({ kind: 'denied' })
  })
})

describe('a server', () => {
  const servers: Server[] = []
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections()
      server.close()
    }
  })
  async function serve(answer: RequestListener): Promise<string> {
    const server = createServer(answer)
    servers.push(server)
    const { promise, resolve } = Promise.withResolvers<void>()
    server.listen(0, '127.0.0.1', resolve)
    await promise
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  it('that says that it cannot serve has answered', async () => {
    const base = await serve((_request, response) => {
      response.writeHead(503).end('{"code":"ledger_unavailable"}')
    })
    expect(await readShopReady({ base }, never)).toMatchObject({ ready: false, code: 'ledger_unavailable' })
    await expect(readShopMetrics({ base }, never)).rejects.toMatchObject({ kind: 'broke' })
  })

  it.each<[string, RequestListener]>([
    ['hangs', () => undefined],
    ['hangs in the middle', (_request, response) => void response.writeHead(200).write('a 1\n')],
  ])('that %s: the time limit holds', async (_how, answer) => {
    const base = await serve(answer)
    const began = performance.now()
    await expect(readShopMetrics({ base, timeLimit: LIMIT_MS }, never)).rejects.toMatchObject({
      kind: 'hung',
    })
    expect(performance.now() - began).toBeLessThan(SOON_MS)
  })

  it('that answers without an end is not read to it', async () => {
    const piece = `${'x 1\n'.repeat(16_384)}`
    const base = await serve((_request, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(piece));
        response.once('drain', more)
      }
      more()
    })
    await expect(readShopMetrics({ base }, never)).rejects.toThrow(/longer than/)
  })

  it.each([
    ['no metrics', 200, 'hello'],
    ['another page', 404, ''],
  ])('that has %s is no shop', async (_what, status, text) => {
    const base = await serve((_request, response) => void response.writeHead(status).end(text))
    await expect(readShopMetrics({ base }, never)).rejects.toMatchObject({ kind: 'broke' })
  })

  it('that is not there refuses', async () => {
    await expect(readShopReady({ base: 'http://127.0.0.1:1' }, never)).rejects.toMatchObject({
      kind: 'refused',
    })
  })
})
