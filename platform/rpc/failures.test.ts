// Services that die, hang, stop or come back while they are asked.

import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { held } from '../../tests/support/fake-gateway.ts'
import { ask, RpcBed } from '../../tests/support/rpc-bed.ts'
import { ok, type Result } from '../contract/result.ts'
import type { ServedDoor } from './serve-doors.ts'

let bed: RpcBed
const others: Server[] = []
beforeEach(() => {
  bed = new RpcBed()
})
afterEach(async () => {
  await bed.close()
  for (const server of others.splice(0)) server.close()
})

const SOON = { timeout: 15_000 }
const code = (result: Result<unknown>): string => (result.ok ? 'ok' : result.refusal.code)

/** A port where nothing answers. */
async function nobody(): Promise<string> {
  const { server, url } = await bed.serve({})
  await server.close()
  return url
}

/** A server that does with each connection as it is told. */
async function stranger(meet: (socket: Socket) => void): Promise<string> {
  const server = createServer(socket => {
    socket.on('error', () => undefined)
    meet(socket)
  })
  others.push(server)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', () => resolve()))
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`
}

describe('a service without any instance', () => {
  it('is unavailable: nothing was done', async () => {
    const client = bed.client([await nobody()])
    expect(await ask(client, 'work')).toMatchObject({
      refusal: { code: 'service_unavailable', retryAfter: 1 },
    })
    expect(await ask(client, 'work')).toMatchObject({ refusal: { code: 'service_unavailable' } })
    expect(client.status).toMatchObject({ up: 0, inFlight: 0 })
    expect(await client.whenUp(1)).toBe(false)
  })

  it('is asked again as soon as one is there', async () => {
    const url = await nobody()
    const client = bed.client([url])
    await ask(client, 'work')
    await bed.serve({ work: async () => ok(1) }, { port: Number(new URL(url).port) })
    expect(await client.whenUp(10_000)).toBe(true)
    expect(await ask(client, 'work')).toEqual(ok(1))
  })
})

describe('an instance that ends in mid-call', () => {
  /** Begins work and never ends it; `begun` counts. */
  const hanging = (begun: { count: number }): ServedDoor => ({
    work: () => {
      begun.count++
      return new Promise(() => undefined)
    },
  })

  it('leaves its calls to another one, each asked there once', async () => {
    const begun = { count: 0 }
    const dying = await bed.serve(hanging(begun))
    let done = 0
    const living = await bed.serve({
      work: async () => {
        done++
        return ok('elsewhere')
      },
    })
    const client = bed.client([dying.url, living.url], { routing: 'first' })
    const asked = Array.from({ length: 10 }, () => ask(client, 'work'))
    await expect.poll(() => begun.count).toBe(10)
    await dying.server.close()
    expect(await Promise.all(asked)).toEqual(asked.map(() => ok('elsewhere')))
    expect(done).toBe(10)
    expect(client.status).toMatchObject({ repeats: 10, up: 1 })
  })

  it('leaves them unknown where there is no other one', async () => {
    const begun = { count: 0 }
    const dying = await bed.serve(hanging(begun))
    const client = bed.client([dying.url])
    const asked = ask(client, 'work')
    await expect.poll(() => begun.count).toBe(1)
    await dying.server.close()
    expect(code(await asked)).toBe('outcome_unknown')
    expect(begun.count).toBe(1)
  })

  it('is asked once more and no third time', async () => {
    const counts = [{ count: 0 }, { count: 0 }, { count: 0 }]
    const dying = await Promise.all(counts.map(begun => bed.serve(hanging(begun))))
    const client = bed.client(
      dying.map(({ url }) => url),
      { routing: 'first' },
    )
    const asked = ask(client, 'work')
    for (const i of [0, 1]) {
      await expect.poll(() => counts[i]!.count).toBe(1)
      await dying[i]!.server.close()
    }
    expect(code(await asked)).toBe('outcome_unknown')
    expect(counts[2]!.count).toBe(0)
  })

  it('is not followed by more repeats than a tenth of what went well', async () => {
    const begun = { count: 0 }
    const dying = await bed.serve(hanging(begun))
    const living = await bed.serve({ work: async () => ok(1) })
    const client = bed.client([dying.url, living.url], { routing: 'first' })
    const asked = Array.from({ length: 500 }, () => ask(client, 'work'))
    await expect.poll(() => begun.count).toBe(500)
    await dying.server.close()
    const codes = (await Promise.all(asked)).map(code)
    expect(codes.filter(each => each === 'ok')).toHaveLength(20)
    expect(codes.filter(each => each === 'outcome_unknown')).toHaveLength(480)
    for (let i = 0; i < 100; i++) await ask(client, 'work')
    expect(client.status.repeats).toBe(20)
  })
})

describe('an instance that stops in order', () => {
  it('finishes what it has begun, and what it is asked later goes elsewhere', async () => {
    const gate = held<void>()
    let begun = 0
    const stopping = await bed.serve({
      work: async () => {
        begun++
        await gate.promise
        return ok('here')
      },
    })
    const living = await bed.serve({ work: async () => ok('elsewhere') })
    const client = bed.client([stopping.url, living.url], { routing: 'first' })
    const first = ask(client, 'work')
    await expect.poll(() => begun).toBe(1)
    const drained = stopping.server.drain(10_000)
    expect(await ask(client, 'work')).toEqual(ok('elsewhere'))
    gate.resolve()
    expect(await drained).toBe(true)
    expect(await first).toEqual(ok('here'))
    expect(begun).toBe(1)
  })

  it('says so when something is left', async () => {
    const { server, url } = await bed.serve({ never: () => new Promise(() => undefined) })
    void ask(bed.client([url]), 'never')
    await expect.poll(() => server.inFlight).toBe(1)
    expect(await server.drain(1)).toBe(false)
  })
})

describe('an instance that hangs', () => {
  it('is found out, left, and asked no more until it answers', SOON, async () => {
    const silent = await stranger(() => undefined)
    const living = await bed.serve({ work: async () => ok(1) })
    const client = bed.client([silent, living.url], { routing: 'first' })
    const asked = await ask(client, 'work', {}, { deadline: Date.now() + 14_000 })
    expect(asked).toEqual(ok(1))
    expect(client.status.up).toBe(1)
    expect(await ask(client, 'work')).toEqual(ok(1))
  })

  it('keeps its slow calls as long as it answers to the question whether it is there', SOON, async () => {
    const gate = held<void>()
    const { url } = await bed.serve({
      slow: async () => {
        await gate.promise
        return ok('late')
      },
    })
    const client = bed.client([url])
    const began = performance.now()
    const asked = ask(client, 'slow', {}, { deadline: Date.now() + 14_000 })
    // Longer than the silence after which it is asked.
    await expect.poll(() => performance.now() - began, { timeout: 5_000 }).toBeGreaterThan(2_500)
    expect(client.status).toMatchObject({ up: 1, inFlight: 1 })
    gate.resolve()
    expect(await asked).toEqual(ok('late'))
  })
})

describe('what is no answer', () => {
  const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n'
  const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`
  it.each([
    ['no HTTP', 'nonsense\r\n\r\n'],
    ['no JSON', `${head}${chunk('nonsense\n')}0\r\n\r\n`],
    ['too few', `${head}0\r\n\r\n`],
    ['half a line', `${head}${chunk('{"id":0,"val')}0\r\n\r\n`],
  ])('is nobody’s: %s', async (_name, bytes) => {
    const url = await stranger(socket => socket.on('data', () => socket.end(bytes)))
    expect(code(await ask(bed.client([url]), 'work'))).toBe('outcome_unknown')
  })

  it('answers of others are not taken for ours', async () => {
    const lines = '{"id":7,"value":1}\n{"id":0,"value":2}\n{"id":0,"value":3}\n'
    const url = await stranger(socket =>
      socket.on('data', () => socket.end(`${head}${chunk(lines)}0\r\n\r\n`)),
    )
    expect(await ask(bed.client([url]), 'work')).toEqual(ok(2))
  })
})
