// The combiner on real engines: everybody gets an answer of their own, whatever happens to the batch.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openScratchLedger, type ScratchLedger, scratchEngines } from '../../tests/support/ledgers.ts'
import type { Call } from '../contract/call.ts'
import { ok, type Result, refuse } from '../contract/result.ts'
import { shortHash } from '../events/event.ts'
import { type Combinable, Combiner, type Outcome } from './combiner.ts'
import { CommitUnknown } from './errors.ts'
import type { Lane, Ledger } from './ledger.ts'
import type { Schema } from './schema.ts'
import { selectByKey, updateByKey } from './statements.ts'

interface Take {
  readonly counter: string
  readonly amount: number
}

const schema: Schema = {
  '2026-11-23-counters': t => [
    `CREATE TABLE counters (id ${t.id} NOT NULL PRIMARY KEY, rest ${t.int} NOT NULL, CONSTRAINT rest_left CHECK (rest >= 0)) ${t.table}`,
    `INSERT INTO counters (id, rest) VALUES ('a', 1000), ('b', 1000), ('c', 1000), ('d', 1000), ('e', 1000), ('f', 1000)`,
  ],
}

const lock = selectByKey({ columns: 'id, rest', from: 'counters', key: 'id', lock: true })
const there = selectByKey({ columns: 'id', from: 'counters', key: 'id', lock: false })
const change = updateByKey('counters', { id: 'id' }, { rest: 'int' })

const family: Combinable<Take, { rest: number }> = {
  name: 'take',
  reads: (takes, retried) => [
    lock(takes.map(take => take.counter)),
    there(takes.filter((_, i) => retried[i]).map(take => take.counter)),
  ],
  decide(takes, _calls, [locked = [], known = []], { missingMeansAbsent, retried }) {
    const rest = new Map(locked.map(row => [row.id as string, row.rest as number]))
    const exists = new Set(known.map(row => row.id as string))
    const outcomes = takes.map((take, i): Outcome<{ rest: number }> => {
      if (take.amount === 666) throw new Error('poisoned')
      const left = rest.get(take.counter)
      if (left === undefined) {
        if (!missingMeansAbsent && !(retried[i] && !exists.has(take.counter))) return 'parked'
        return { result: refuse('not_found', 'no such counter') }
      }
      // 999 is a bug on purpose: it takes more than there is, and the schema's constraint must stop it.
      if (take.amount > left && take.amount !== 999) return { result: refuse('out_of_stock', 'not enough') }
      rest.set(take.counter, left - (take.amount === 999 ? 5_000 : take.amount))
      return {
        result: ok({ rest: rest.get(take.counter)! }),
        events: [{ type: 'taken', key: take.counter, version: 1, payload: {} }],
      }
    })
    return { outcomes, writes: [change([...rest])] }
  },
}

let calls = 0
function call(key: string | null = `k${calls++}`, content = 'same'): Call {
  const principal = { kind: 'guest', id: 'g_1', roles: [], channelId: null, email: null } as const
  const idempotency = key === null ? null : { id: shortHash(key), fingerprint: shortHash(content) }
  return { principal, requestId: `r${calls}`, deadline: Date.now() + 60_000, idempotency }
}

const code = (result: Result<unknown>): string => (result.ok ? 'ok' : result.refusal.code)
const limits = { maxBatch: 512, maxQueue: 2_000, lockWait: 300 }

describe.each(scratchEngines())('the combiner on $name', engine => {
  let scratch: ScratchLedger
  let ledger: Ledger
  beforeAll(async () => {
    scratch = await openScratchLedger(engine, [schema])
    ledger = scratch.ledger
  })
  afterAll(() => scratch.drop())

  const rest = async (id: string): Promise<number> => {
    const db = ledger.reads<{ counters: { id: string; rest: number } }>()
    return (await db.selectFrom('counters').select('rest').where('id', '=', id).executeTakeFirstOrThrow())
      .rest
  }

  it('answers a mixed batch one by one', async () => {
    const combiner = new Combiner(ledger, family, limits)
    const results = await Promise.all(
      Array.from({ length: 512 }, (_, i) =>
        combiner.submit(call(), { counter: i % 8 === 0 ? 'none' : 'a', amount: 3 }),
      ),
    )
    expect(results.filter(result => code(result) === 'not_found')).toHaveLength(64)
    expect(results.filter(result => code(result) === 'ok')).toHaveLength(333)
    expect(results.filter(result => code(result) === 'out_of_stock')).toHaveLength(448 - 333)
    expect(await rest('a')).toBe(1)
  })

  it('gives a repeat the first answer, and refuses other content under the same key', async () => {
    const combiner = new Combiner(ledger, family, limits)
    const first = await combiner.submit(call('again'), { counter: 'b', amount: 10 })
    const [repeat, other] = await Promise.all([
      combiner.submit(call('again'), { counter: 'b', amount: 10 }),
      combiner.submit(call('again', 'different'), { counter: 'b', amount: 11 }),
    ])
    expect(repeat).toEqual(first)
    expect(code(other)).toBe('idempotency_key_reused')
    expect(await rest('b')).toBe(990)
  })

  it('keeps one of two equal keys in one batch for the next, so that it happens once', async () => {
    const combiner = new Combiner(ledger, family, limits)
    const before = await rest('b')
    const both = await Promise.all(
      [1, 2].map(() => combiner.submit(call('twin'), { counter: 'b', amount: 1 })),
    )
    expect(both[0]).toEqual(both[1])
    expect(await rest('b')).toBe(before - 1)
  })

  it('lets a poisoned request fail alone, in the decision or in the ledger', async () => {
    const combiner = new Combiner(ledger, family, limits)
    const amounts = Array.from({ length: 40 }, (_, i) => (i === 13 ? 666 : i === 29 ? 999 : 1))
    const results = await Promise.allSettled(
      amounts.map(amount => combiner.submit(call(), { counter: 'c', amount })),
    )
    expect(results.flatMap((result, i) => (result.status === 'rejected' ? [i] : []))).toEqual([13, 29])
    expect(await rest('c')).toBe(1000 - 38)
  })

  it('refuses what waits past its deadline, and more than it may queue', async () => {
    const combiner = new Combiner(ledger, family, { ...limits, maxQueue: 2 })
    const late = { ...call(), deadline: Date.now() - 1 }
    const results = await Promise.all(
      [late, call(), call()].map(each => combiner.submit(each, { counter: 'c', amount: 1 })),
    )
    expect(results.map(code)).toEqual(['deadline_exceeded', 'ok', 'overloaded'])
  })

  it('looks up a COMMIT whose answer was lost: done once, answered right', async () => {
    for (const happened of [true, false]) {
      const before = await rest('d')
      const combiner = new Combiner(losingOneAnswer(ledger, happened), family, limits)
      const results = await Promise.all(
        [1, 2, 3].map(amount => combiner.submit(call(), { counter: 'd', amount })),
      )
      expect(results.map(code)).toEqual(['ok', 'ok', 'ok'])
      expect(await rest('d')).toBe(before - 6)
    }
  })

  it('tells a whole batch at once that there is no room for it', async () => {
    const before = await rest('d')
    let tries = 0
    const full = Object.assign(new Error('The table is full'), { errno: 1114 })
    const combiner = new Combiner(
      { ...ledger, lane: name => withoutRoom(ledger.lane(name), () => tries++, full) },
      family,
      limits,
    )
    const results = await Promise.all(
      Array.from({ length: 40 }, () => combiner.submit(call(), { counter: 'd', amount: 1 })),
    )
    expect(new Set(results.map(code))).toEqual(new Set(['ledger_unavailable']))
    // Whoever came while the first was tried makes the second batch: nobody is tried alone.
    expect(tries).toBeLessThanOrEqual(2)
    expect(await rest('d')).toBe(before)
  })

  // SQLite has one writer, so nobody else can hold a row.
  if (engine.url !== undefined)
    it('does not let one locked row hold up the others', async () => {
      const combiner = new Combiner(ledger, family, limits)
      await ledger.write<{ counters: { id: string; rest: number } }, void>(async tx => {
        await tx.selectFrom('counters').selectAll().where('id', '=', 'e').forUpdate().execute()
        const held = combiner.submit(call(), { counter: 'e', amount: 1 })
        const free = await combiner.submit(call(), { counter: 'f', amount: 1 })
        expect(code(free)).toBe('ok')
        expect(code(await held)).toBe('lock_timeout')
      })
      expect(code(await combiner.submit(call(), { counter: 'e', amount: 1 }))).toBe('ok')
    })

  it('serves two processes on the same rows', async () => {
    const other = await scratch.another()
    const before = await rest('f')
    const combiners = [new Combiner(ledger, family, limits), new Combiner(other, family, limits)]
    const results = await Promise.all(
      Array.from({ length: 1_100 }, (_, i) => combiners[i % 2]!.submit(call(), { counter: 'f', amount: 1 })),
    )
    const left = await rest('f')
    const ended = results.map(code)
    expect(left).toBe(before - ended.filter(each => each === 'ok').length)
    expect(left).toBe(0)
    expect(new Set(ended)).toEqual(new Set(['ok', 'out_of_stock']))
  })
})

/** Its writes fail so. */
function withoutRoom(lane: Lane, tried: () => void, full: Error): Lane {
  const fail = (): Promise<never> => {
    tried()
    return Promise.reject(full)
  }
  return {
    chains: false,
    attempt: fail,
    transact: fail,
    read: reads => lane.read(reads),
    close: () => lane.close(),
  } as Lane
}

/** A ledger whose first COMMIT (real, or never done) is not answered. */
function losingOneAnswer(ledger: Ledger, happened: boolean): Ledger {
  let lost = false
  return {
    ...ledger,
    lane(name) {
      const lane: Lane = ledger.lane(name)
      return {
        read: reads => lane.read(reads),
        attempt: (locks, writes) => lane.attempt(locks, writes),
        close: () => lane.close(),
        get chains() {
          return lane.chains
        },
        async transact(reads, decide) {
          if (lost) return lane.transact(reads, decide)
          lost = true
          if (happened) await lane.transact(reads, decide)
          throw new CommitUnknown('the answer was lost')
        },
      }
    },
  }
}
