// Calls to doors in another process: batches, streams of answers, refusals, deadlines, breaks.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { held } from '../../tests/support/fake-gateway.ts'
import { ask, call, DOOR, RpcBed } from '../../tests/support/rpc-bed.ts'
import type { Call } from '../contract/call.ts'
import { ok, refuse } from '../contract/result.ts'
import { CommitUnknown, LedgerUnavailable, trouble } from '../sql/errors.ts'
import { passingDoor, remoteDoor } from './remote-door.ts'
import type { ServedDoor } from './serve-doors.ts'

let bed: RpcBed
beforeEach(() => {
  bed = new RpcBed()
})
afterEach(() => bed.close())

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i)

describe('a call to another process', () => {
  it('arrives as it was made, and its answer too', async () => {
    const calls: Array<[Call, unknown]> = []
    const door: ServedDoor = {
      make: async (made, input) => {
        calls.push([made, input])
        return ok({ made: input, at: null, text: 'Grüße\n„zwei Zeilen“' })
      },
    }
    const { url } = await bed.serve(door)
    const made: Partial<Call> = {
      principal: { kind: 'member', id: 'm_1', roles: ['customer'], channelId: null, email: 'a@b.c' },
      requestId: 'request-7',
      idempotency: { id: 'i', fingerprint: 'f' },
      address: '10.0.0.1',
    }
    const answer = await ask(bed.client([url]), 'make', { name: 'a', list: [1, { b: null }] }, made)
    expect(answer).toEqual(
      ok({ made: { name: 'a', list: [1, { b: null }] }, at: null, text: 'Grüße\n„zwei Zeilen“' }),
    )
    expect(calls[0]![0]).toMatchObject(made)
    expect(calls[0]![1]).toEqual({ name: 'a', list: [1, { b: null }] })
  })

  it('has no input where none was given, and no value where there is none', async () => {
    const inputs: unknown[] = []
    const { url } = await bed.serve({
      nothing: async (_call, input) => {
        inputs.push(input)
        return ok(undefined)
      },
    })
    const client = bed.client([url])
    expect(await ask(client, 'nothing')).toEqual(ok(undefined))
    expect(await ask(client, 'nothing', null)).toEqual(ok(undefined))
    expect(inputs).toEqual([undefined, null])
  })

  it('keeps every field of a success and of a refusal', async () => {
    const refused = refuse('price_changed', 'The total is 7.', {
      fields: { expectedTotal: 7 },
      retryAfter: 3,
    })
    const { url } = await bed.serve({
      later: async () => ({ ...ok({ value: 1 }), status: 202, place: { value: 9 } }),
      never: async () => refused,
    })
    const client = bed.client([url])
    expect(await ask(client, 'later')).toEqual({
      ok: true,
      value: { value: 1 },
      status: 202,
      place: { value: 9 },
    })
    expect(await ask(client, 'never')).toEqual(refused)
  })

  it('passes JSON text on as it is, and reads it only where somebody looks', async () => {
    const json = '{"a":1,  "spaced":true}'
    const door = {
      ready: async () => ({ ok: true as const, value: null, json }),
      more: async () => ({ ok: true as const, value: null, json, status: 202 }),
      lines: async () => ({ ok: true as const, value: { two: 'lines' }, json: '{"two":\n"lines"}' }),
    }
    const { url } = await bed.serve(door)
    const contract = { ready: {}, more: {}, lines: {} } as never
    const passing = passingDoor(contract, DOOR, bed.client([url])) as unknown as ServedDoor
    const answer = await passing.ready!(call(), {} as never)
    expect(answer).toMatchObject({ ok: true, json })
    expect(answer.ok && answer.value).toEqual({ a: 1, spaced: true })
    expect(await passing.more!(call(), {} as never)).toMatchObject({ json, status: 202 })
    expect(await passing.lines!(call(), {} as never)).toMatchObject({ json: '{"two":"lines"}' })
    const sibling = remoteDoor(contract, DOOR, bed.client([url])) as unknown as ServedDoor
    expect(await sibling.ready!(call(), {} as never)).toEqual(ok({ a: 1, spaced: true }))
  })

  it('goes with all others of its turn of the loop in one request', async () => {
    const turns: number[] = []
    let turn = 0
    const { url } = await bed.serve({
      count: async () => {
        turns.push(turn)
        setImmediate(() => turn++)
        return ok(null)
      },
    })
    const client = bed.client([url])
    await ask(client, 'count')
    turns.length = 0
    await Promise.all(numbers(200).map(() => ask(client, 'count')))
    expect(new Set(turns).size).toBe(1)
    expect(turns).toHaveLength(200)
  })

  it('is answered while others of its request are still at work', async () => {
    const gate = held<void>()
    const { url } = await bed.serve({
      slow: async () => {
        await gate.promise
        return ok('slow')
      },
      fast: async () => ok('fast'),
    })
    const client = bed.client([url])
    let slowIsThere = false
    const slow = ask(client, 'slow').finally(() => {
      slowIsThere = true
    })
    const fast = await Promise.all(numbers(20).map(() => ask(client, 'fast')))
    expect(fast.every(answer => answer.ok)).toBe(true)
    expect(slowIsThere).toBe(false)
    gate.resolve()
    expect(await slow).toEqual(ok('slow'))
  })

  it('is one of thousands at once, and each gets its own answer', async () => {
    const { url } = await bed.serve({ echo: async (_call, input) => ok(input) })
    const client = bed.client([url])
    const answers = await Promise.all(numbers(5_000).map(i => ask(client, 'echo', { i })))
    expect(answers).toEqual(numbers(5_000).map(i => ok({ i })))
    expect(client.status.inFlight).toBe(0)
  })

  it('is refused when more are under way than this process bears, and nothing waits for ever', async () => {
    const gate = held<void>()
    const { url } = await bed.serve({
      slow: async () => {
        await gate.promise
        return ok(null)
      },
    })
    const client = bed.client([url])
    const asked = numbers(8_192 + 10).map(() => ask(client, 'slow'))
    expect(await asked.at(-1)).toMatchObject({ refusal: { code: 'overloaded' } })
    gate.resolve()
    const refused = (await Promise.all(asked)).filter(answer => !answer.ok)
    expect(refused).toHaveLength(10)
  })
})

describe('the deadline of a call', () => {
  it('arrives as time left, whatever the clocks say', async () => {
    let deadline = 0
    const { url } = await bed.serve(
      {
        late: async made => {
          deadline = made.deadline
          return ok(null)
        },
      },
      { clock: () => Date.now() + 9_000 },
    )
    const now = Date.now()
    expect(await ask(bed.client([url]), 'late', {}, { deadline: now + 5_000 })).toEqual(ok(null))
    expect(deadline - 9_000).toBeGreaterThanOrEqual(now + 4_990)
    expect(deadline - 9_000).toBeLessThanOrEqual(Date.now() + 5_010)
  })

  it('ends the waiting, and then nobody knows', async () => {
    const { url } = await bed.serve({ never: () => new Promise(() => undefined) })
    const client = bed.client([url])
    const answer = await ask(client, 'never', {}, { deadline: Date.now() + 50 })
    expect(answer).toMatchObject({ refusal: { code: 'outcome_unknown', retryAfter: 1 } })
    expect(client.status.inFlight).toBe(0)
  })

  it('is not begun when it has passed', async () => {
    let begun = 0
    const { url } = await bed.serve({
      work: async () => {
        begun++
        return ok(null)
      },
    })
    const answer = await ask(bed.client([url]), 'work', {}, { deadline: Date.now() - 1 })
    expect(answer).toMatchObject({ refusal: { code: 'deadline_exceeded' } })
    expect(begun).toBe(0)
  })
})

describe('a call that breaks', () => {
  const broken: ServedDoor = {
    bug: () => Promise.reject(new Error('the password is 1234')),
    now: () => {
      throw new Error('the password is 1234')
    },
    away: () => Promise.reject(new LedgerUnavailable('away')),
    lost: () => Promise.reject(new CommitUnknown('lost')),
    conflict: () => Promise.reject(Object.assign(new Error('deadlock'), { errno: 1213 })),
    strange: async () => ok({ big: 1n }),
  }

  it.each(['bug', 'now', 'strange', 'missing', 'constructor'])(
    'says nothing of why (%s), and the log of its service says all',
    async operation => {
      const { url } = await bed.serve(broken)
      const client = bed.client([url])
      const error = await ask(client, operation).then(
        () => null,
        (thrown: Error) => thrown,
      )
      expect(error?.message).toBe(`${DOOR}.${operation} in its own service: internal`)
      expect(trouble(error)).toBe('other')
      const told = bed.lines.filter(line => line.includes(`${DOOR}.${operation}`))
      expect(told).toHaveLength(1)
      expect(told[0]).toContain('r-1')
      if (operation === 'bug') expect(told[0]).toContain('the password is 1234')
    },
  )

  it('is the same trouble as in one process', async () => {
    const { url } = await bed.serve(broken)
    const client = bed.client([url])
    await expect(ask(client, 'away')).rejects.toBeInstanceOf(LedgerUnavailable)
    await expect(ask(client, 'lost')).rejects.toBeInstanceOf(CommitUnknown)
    const conflict = await ask(client, 'conflict').catch((error: unknown) => error)
    expect(trouble(conflict)).toBe('conflict')
  })

  it('spoils none of the others', async () => {
    const { url } = await bed.serve({ ...broken, fine: async () => ok(1) })
    const client = bed.client([url])
    const asked = numbers(40).map(i => ask(client, i % 2 === 0 ? 'fine' : 'bug'))
    const settled = await Promise.allSettled(asked)
    expect(settled.filter(each => each.status === 'fulfilled')).toHaveLength(20)
  })
})

it('what has to be known elsewhere is known before an answer leaves', async () => {
  const gate = held<void>()
  let holds: Promise<void> | null = gate.promise
  const { url, server } = await bed.serve({ end: async () => ok('ended') }, { hold: () => holds })
  const client = bed.client([url])
  let there = false
  const answer = ask(client, 'end').finally(() => {
    there = true
  })
  await expect.poll(() => server.inFlight).toBe(1)
  expect(there).toBe(false)
  holds = null
  // What comes later has nothing to wait for.
  expect(await ask(client, 'end')).toEqual(ok('ended'))
  expect(there).toBe(false)
  gate.resolve()
  expect(await answer).toEqual(ok('ended'))
})
