// Internal doors answer only calls that carry a signed internal identity.

import { request } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ask, DOOR, key, RpcBed } from '../../tests/support/rpc-bed.ts'
import { systemCall } from '../contract/call.ts'
import { ok } from '../contract/result.ts'
import { frame, frameBody, frameHead } from './frames.ts'
import { Signer, Verifier } from './identity.ts'
import { fixedKeys, type KeyRing } from './key-ring.ts'

let bed: RpcBed
let begun: number
let url: string
beforeEach(async () => {
  bed = new RpcBed()
  begun = 0
  const door = {
    work: async () => {
      begun++
      return ok(1)
    },
  }
  url = (await bed.serve(door)).url
})
afterEach(() => bed.close())

const body = `[${frame(0, Date.now() + 5_000, Date.now(), frameBody(frameHead(DOOR, 'work'), systemCall('r', 0), {}))}]`

function post(headers: Record<string, string>, text = body): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(`${url}/calls`, { method: 'POST', headers }, answer => {
      answer.resume()
      answer.on('end', () => resolve(answer.statusCode!))
    })
    asked.on('error', reject)
    asked.end(text)
  })
}

const signed = (keys: KeyRing = bed.keys, clock = Date.now) => new Signer('asker', keys, clock).headers(body)

describe('a signed call', () => {
  it('is answered', async () => {
    expect(await post(signed())).toBe(200)
    expect(begun).toBe(1)
  })

  it.each<[string, () => Promise<number>]>([
    ['unsigned', () => post({})],
    ['without a time', () => post({ ...signed(), 'x-levee-time': '' })],
    ['with another time', () => post({ ...signed(), 'x-levee-time': String(Date.now() + 1) })],
    ['in another’s name', () => post({ ...signed(), 'x-levee-service': 'gateway' })],
    ['with another number', () => post({ ...signed(), 'x-levee-number': 'something-else' })],
    ['with another body', () => post(signed(), body.replace('"r"', '"s"'))],
    ['with no signature', () => post({ ...signed(), 'x-levee-signature': '' })],
    ['by a key of the right name', () => post(signed(fixedKeys([key('k1', 8)])))],
    ['by an unknown key', () => post(signed(fixedKeys([key('k2')])))],
    ['too old', () => post(signed(bed.keys, () => Date.now() - 11_000))],
    ['from the future', () => post(signed(bed.keys, () => Date.now() + 11_000))],
  ])('is turned away %s', async (_name, send) => {
    expect(await send()).toBe(401)
    expect(begun).toBe(0)
  })

  it('is taken once', async () => {
    const headers = signed()
    expect(await post(headers)).toBe(200)
    expect(await post(headers)).toBe(401)
    expect(begun).toBe(1)
  })

  it('is told of once per source where it is wrong', async () => {
    for (let i = 0; i < 5; i++) await post({})
    expect(bed.lines.filter(line => line.includes('without a valid internal identity'))).toHaveLength(1)
  })

  it('is refused to its caller, who has done nothing by it', async () => {
    const client = bed.client([url], { keys: fixedKeys([key('k1', 8)]) })
    expect(await ask(client, 'work')).toMatchObject({ refusal: { code: 'service_unavailable' } })
    expect(begun).toBe(0)
  })
})

describe('keys in rotation', () => {
  it('both are taken for a while: the new one and the one before', async () => {
    const ring = fixedKeys([key('new', 1), key('old', 2)])
    const door = await bed.serve({ work: async () => ok(1) }, { keys: ring })
    for (const keys of [ring, fixedKeys([key('old', 2)])])
      expect(await ask(bed.client([door.url], { keys }), 'work')).toEqual(ok(1))
    expect(await ask(bed.client([door.url], { keys: fixedKeys([key('older', 3)]) }), 'work')).toMatchObject({
      ok: false,
    })
  })
})

it('numbers are remembered for as long as their time is believed', () => {
  let now = 1_000_000
  const keys = fixedKeys([key('k1')])
  const verifier = new Verifier(keys, () => now)
  // Signed by a clock that is ahead by nearly the window.
  const headers = new Signer('asker', keys, () => now + 9_999).headers(body)
  const check = () => verifier.check(headers, Buffer.from(body))
  const other = () => {
    const fresh = new Signer('asker', keys, () => now).headers(body)
    expect(verifier.check(fresh, Buffer.from(body))).toEqual({ service: 'asker' })
  }
  expect(check()).toEqual({ service: 'asker' })
  for (let i = 0; i < 25; i++) {
    now += 1_000
    other()
    expect(check()).toBe(i < 19 ? 'repeated' : 'out of time')
  }
})

it('health and metrics are open, and nothing else is there', async () => {
  const get = async (path: string) => {
    const answer = await fetch(url + path)
    return [answer.status, await answer.text()] as const
  }
  expect(await get('/health')).toEqual([200, expect.stringContaining('"service":"things"')])
  expect((await get('/health/live'))[0]).toBe(200)
  expect(await get('/health/ready')).toEqual([200, expect.stringContaining('"ready"')])
  expect(await get('/metrics')).toEqual([200, 'metric 1\n'])
  expect((await get('/calls/x'))[0]).toBe(404)
})
