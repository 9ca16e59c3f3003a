// Lanes on real engines: what goes to the thread, and what becomes of attempts behind one that failed.

import { inspect } from 'node:util'
import { createConnection } from 'mysql2/promise'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { openScratchLedger, type ScratchLedger, scratchEngines } from '../../tests/support/ledgers.ts'
import type { Call } from '../contract/call.ts'
import { ok, type Result, refuse } from '../contract/result.ts'
import { shortHash } from '../events/event.ts'
import { type Combinable, Combiner, type Memory, type Outcome } from './combiner.ts'
import { trouble } from './errors.ts'
import { THREAD_ROWS } from './lane-thread.ts'
import { Behind, type Lane, type Ledger } from './ledger.ts'
import type { Schema } from './schema.ts'
import { insertInto, type Row, selectByKey, updateByKey, type Write } from './statements.ts'

const schema: Schema = {
  '2026-11-23-lanes': t => [
    `CREATE TABLE notes (id ${t.id} NOT NULL PRIMARY KEY, said ${t.text(40)}) ${t.table}`,
    `CREATE TABLE tills (id ${t.id} NOT NULL PRIMARY KEY, rest ${t.int} NOT NULL, version ${t.int} NOT NULL) ${t.table}`,
    `INSERT INTO tills (id, rest, version) VALUES ('a', 3000, 1), ('b', 1000000, 1)`,
  ],
}
interface Tables {
  notes: { id: string; said: string | null }
  tills: { id: string; rest: number; version: number }
}

const addNotes = insertInto('notes', ['id', 'said'], { said: null })
const lockTills = selectByKey({ columns: 'id, rest, version', from: 'tills', key: 'id', lock: true })
const moveTills = updateByKey('tills', { id: 'id', version: 'int' }, { version: 'int', rest: 'int' })

const notes = (name: string): Write =>
  addNotes(Array.from({ length: THREAD_ROWS }, (_, i) => [`${name}-${i}`, i === 7 ? '말 \\ \' " \0' : null]))
const wrongVersion = moveTills([['a', 4_711, 4_712, 0]])

/** A till that only gives: one unit a request. What is odd is decided under locks. */
function family(): Combinable<{ till: string; odd: boolean }, { rest: number }> {
  type Till = { rest: number; version: number; read: number }
  const take = (tills: Map<string, Till>, id: string): Outcome<{ rest: number }> => {
    const till = tills.get(id)
    if (till === undefined) return 'parked'
    if (till.rest === 0) return { result: refuse('out_of_stock', 'empty') }
    till.rest--
    till.version++
    return { result: ok({ rest: till.rest }) }
  }
  const writes = (tills: Map<string, Till>): Write[] => {
    const moved = [...tills].filter(([, till]) => till.version !== till.read)
    return [moveTills(moved.map(([id, { rest, version, read }]) => [id, read, version, rest]))]
  }
  const read = (rows: readonly Row[]) =>
    new Map(
      rows.map(row => {
        const { id, rest, version } = row as { id: string; rest: number; version: number }
        return [id, { rest, version, read: version }]
      }),
    )
  const settle = (tills: Map<string, Till>) => {
    for (const till of tills.values()) till.read = till.version
  }
  let known = new Map<string, Till>()
  let last = new Map<string, Till>()
  const memory: Memory<{ till: string; odd: boolean }, { rest: number }> = {
    knows: ({ till, odd }) => !odd && known.has(till),
    decide: ({ till }) => take(known, till),
    flush() {
      const all = writes(known)
      const locks = [
        lockTills([...known].filter(([, { version, read: at }]) => version !== at).map(([id]) => id)),
      ]
      settle(known)
      return { locks, writes: all }
    },
    learn() {
      settle(last)
      for (const [id, till] of last) known.set(id, till)
    },
    forget() {
      known = new Map()
      last = new Map()
    },
  }
  return {
    name: 'till',
    memory,
    reads: requests => [lockTills(requests.map(({ till }) => till))],
    decide(requests, _calls, [rows = []]) {
      last = read(rows)
      const outcomes = requests.map(({ till }) => take(last, till))
      return { outcomes, writes: writes(last) }
    },
  }
}

let calls = 0
function call(): Call {
  const principal = { kind: 'guest', id: 'g_1', roles: [], channelId: null, email: null } as const
  const key = shortHash(`lane-${calls++}`)
  return {
    principal,
    requestId: 'r',
    deadline: Date.now() + 30_000,
    idempotency: { id: key, fingerprint: 'f' },
    address: '::1',
  }
}
const limits = { maxBatch: 512, maxQueue: 20_000, lockWait: 5_000 }

describe.each(scratchEngines())('lanes on $name', engine => {
  let scratch: ScratchLedger
  let ledger: Ledger
  let lane: Lane
  beforeAll(async () => {
    scratch = await openScratchLedger(engine, [schema])
    ledger = scratch.ledger
    lane = ledger.lane('test')
  })
  afterAll(() => scratch.drop())
  const noted = async (name: string) => {
    const rows = await ledger
      .reads<Tables>()
      .selectFrom('notes')
      .selectAll()
      .where('id', 'like', `${name}-%`)
      .execute()
    return rows.length
  }
  const till = (id: string) =>
    ledger.reads<Tables>().selectFrom('tills').selectAll().where('id', '=', id).executeTakeFirstOrThrow()

  it('writes big batches in a thread, several of them one after the other', async () => {
    const attempts = ['one', 'two', 'three'].map(name => lane.attempt([], [notes(name)]))
    expect(lane.chains).toBe(true)
    // Others write meanwhile, and wait for their turn.
    const beside = ledger.write<Tables, void>(async tx => {
      await tx.insertInto('notes').values({ id: 'beside', said: null }).execute()
    })
    await Promise.all([...attempts, beside])
    expect(lane.chains).toBe(false)
    expect([await noted('one'), await noted('two'), await noted('three')]).toEqual([100, 100, 100])
    const odd = await ledger
      .reads<Tables>()
      .selectFrom('notes')
      .select('said')
      .where('id', '=', 'two-7')
      .execute()
    expect(odd).toEqual([{ said: '말 \\ \' " \0' }])
  })

  it('tries nothing behind an attempt that failed, and goes on with what comes afterwards', async () => {
    const ended = await Promise.allSettled([
      lane.attempt([], [notes('good')]),
      lane.attempt([], [notes('bad'), wrongVersion]),
      lane.attempt([], [notes('behind')]),
    ])
    expect(ended.map(each => each.status)).toEqual(['fulfilled', 'rejected', 'rejected'])
    expect(trouble((ended[1] as PromiseRejectedResult).reason)).toBe('guard')
    // Rows of customers are in the text: the error must not carry them into a log.
    expect(inspect((ended[1] as PromiseRejectedResult).reason)).not.toContain('bad-1')
    expect((ended[2] as PromiseRejectedResult).reason).toBeInstanceOf(Behind)
    await lane.attempt([], [notes('after')])
    expect([await noted('good'), await noted('bad'), await noted('behind'), await noted('after')]).toEqual([
      100, 0, 0, 100,
    ])
  })

  it('does not mix up lanes of one name', async () => {
    const [left, right] = [ledger.lane('twin'), ledger.lane('twin')]
    await expect(left.attempt([], [notes('left'), wrongVersion])).rejects.toThrow()
    await right.attempt([], [notes('right')])
    expect(await noted('right')).toBe(100)
  })

  it('gives each unit once, whoever else is at the same row, with batches decided on batches under way', async () => {
    const combiners = [ledger, await scratch.another()].map(each => new Combiner(each, family(), limits))
    const results: Result<{ rest: number }>[] = []
    // Waves: so that there are batches of hundreds, behind each other, on both sides.
    for (let wave = 0; wave < 8; wave++) {
      const wanted = Array.from({ length: 600 }, (_, i) => {
        const side = combiners[wave % 3 === 0 ? i % 2 : 0]!
        return side.submit(call(), { till: 'a', odd: i % 40 === 7 })
      })
      results.push(...(await Promise.all(wanted)))
    }
    const rests = results.flatMap(result => (result.ok ? [result.value.rest] : []))
    expect((await till('a')).rest).toBe(0)
    expect(rests.length).toBe(3_000)
    expect(new Set(rests).size).toBe(3_000)
    expect(new Set(results.flatMap(result => (result.ok ? [] : [result.refusal.code])))).toEqual(
      new Set(['out_of_stock']),
    )
  })

  it('decides under locks what a memory that is wrong breaks at, and all that rests on it', async () => {
    const wrong = family()
    const memory = wrong.memory!
    let asked = 0
    let broke = 0
    const sometimes: Memory<{ till: string; odd: boolean }, { rest: number }> = {
      ...memory,
      decide(request, at, now) {
        if (asked++ % 7 === 3) {
          broke++
          throw new Error('it would fall below zero')
        }
        return memory.decide(request, at, now)
      },
    }
    const combiner = new Combiner(ledger, { ...wrong, memory: sometimes }, limits)
    const before = (await till('b')).rest
    let given = 0
    for (let wave = 0; wave < 40; wave++) {
      const wanted = Array.from({ length: 7 + wave }, () =>
        combiner.submit(call(), { till: 'b', odd: false }),
      )
      given += (await Promise.all(wanted)).filter(result => result.ok).length
    }
    expect(broke).toBeGreaterThan(0)
    expect((await till('b')).rest).toBe(before - given)
    expect(given).toBe(40 * 7 + (39 * 40) / 2)
  })

  it('does not pass over for ever what memory cannot decide', async () => {
    const combiner = new Combiner(ledger, family(), limits)
    let answered = false
    let sent = 0
    // More than two batches full, who ask again at once, at most so many times: there is always one to send.
    const crowd = Array.from({ length: 1_500 }, async () => {
      while (!answered && sent < 40_000) {
        sent++
        await combiner.submit(call(), { till: 'b', odd: false })
      }
    })
    while (sent < 3_000) await new Promise(resolve => setImmediate(resolve))
    const odd = await combiner.submit(call(), { till: 'b', odd: true })
    answered = true
    await Promise.all(crowd)
    expect(odd.ok).toBe(true)
    expect(sent).toBeLessThan(40_000)
  })

  if (engine.name === 'mariadb')
    it('sells each unit to one who asked, though the server ends its connections in the middle', async () => {
      const combiner = new Combiner(ledger, family(), limits)
      const before = (await till('b')).rest
      let given = 0
      // Who does not hear what became of it asks again with the same key.
      const buyer = async (): Promise<number> => {
        const mine = call()
        for (let attempt = 0; attempt < 50; attempt++) {
          const result = await combiner.submit(mine, { till: 'b', odd: false })
          if (result.ok) {
            given++
            return result.value.rest
          }
          expect(['outcome_unknown', 'ledger_unavailable', 'lock_timeout']).toContain(result.refusal.code)
        }
        throw new Error('never answered')
      }
      const killer = await createConnection({ uri: scratch.env.LEVEE_MYSQL_URL! })
      const rests: number[] = []
      for (let wave = 0; wave < 6; wave++) {
        const wanted = Promise.all(Array.from({ length: 900 }, buyer))
        const soon = given + 100
        await vi.waitUntil(() => given >= soon, { interval: 1, timeout: 20_000 })
        const [rows] = await killer.query(
          'SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()',
        )
        // One that has ended by itself meanwhile is as good.
        for (const { id } of rows as { id: number }[]) await killer.query(`KILL ${id}`).catch(() => undefined)
        rests.push(...(await wanted))
      }
      await killer.end()
      expect(new Set(rests).size).toBe(5_400)
      expect((await till('b')).rest).toBe(before - 5_400)
    })
})
