import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Party, parseLockWaits, rootBlockers } from './lock-waits.ts'
import { flavourOf, parseReplication, parseVitals, shapeOf } from './parse-mysql.ts'
import { type PurgeSituation, purgePlan } from './purge-plan.ts'

describe('vitals', () => {
  const status = new Map([
    ['threads_connected', '30'],
    ['threads_running', '2'],
    ['innodb_deadlocks', '4'],
    ['slow_queries', '1'],
  ])
  const variables = new Map([
    ['version', '10.11.6-MariaDB-log'],
    ['read_only', 'NO_LOCK_NO_ADMIN'],
    ['max_connections', '120'],
    ['long_query_time', '10.000000'],
  ])

  test('of MariaDB, whose newer versions know more kinds of read-only', () => {
    expect(parseVitals(status, variables, null)).toMatchObject({
      ...{ flavour: 'mariadb', readOnly: true, uptime: null },
      connections: { used: 30, most: 120, ratio: 0.25, running: 2, highest: null },
      locks: { deadlocks: 4, waits: null },
      statements: { slow: 1, slowFrom: 10 },
    })
  })

  test('of MySQL, which counts deadlocks elsewhere', () => {
    expect(flavourOf('8.4.3')).toBe('mysql')
    const there = parseVitals(new Map(), new Map([['read_only', 'OFF']]), 7)
    expect(there).toMatchObject({ flavour: 'mysql', readOnly: false, locks: { deadlocks: 7 } })
    expect(parseVitals(new Map(), new Map(), null).readOnly).toBeNull()
  })
})

describe('replication', () => {
  test('in the old words and in the new ones', () => {
    const old = {
      ...{ Slave_IO_Running: 'Yes', Slave_SQL_Running: 'No', Seconds_Behind_Master: null },
      ...{ Master_Host: 'db1', Master_Port: 3306, Relay_Master_Log_File: 'bin.000003' },
      ...{ Exec_Master_Log_Pos: 120, Master_Log_File: 'bin.000004', Read_Master_Log_Pos: 9 },
      ...{ Gtid_IO_Pos: '0-1-5', Last_IO_Errno: 0, Last_IO_Error: '' },
      ...{ Last_SQL_Errno: 1062, Last_SQL_Error: "Duplicate entry '1'" },
    }
    const renamed = {
      ...{ Replica_IO_Running: 'Yes', Replica_SQL_Running: 'No', Seconds_Behind_Source: null },
      ...{ Source_Host: 'db1', Source_Port: 3306, Relay_Source_Log_File: 'bin.000003' },
      ...{ Exec_Source_Log_Pos: 120, Source_Log_File: 'bin.000004', Read_Source_Log_Pos: 9 },
      ...{ Executed_Gtid_Set: '0-1-5', Last_IO_Errno: 0, Last_IO_Error: '' },
      ...{ Last_SQL_Errno: 1062, Last_SQL_Error: "Duplicate entry '1'" },
    }
    expect(parseReplication(old)).toEqual({
      ...{ reading: true, applying: false, secondsBehind: null, source: 'db1:3306' },
      ...{ appliedLog: 'bin.000003', appliedPosition: 120, readLog: 'bin.000004', readPosition: 9 },
      ...{ gtid: '0-1-5', readError: '', applyError: "1062: Duplicate entry '1'" },
    })
    expect(parseReplication(renamed)).toEqual(parseReplication(old))
  })
})

describe('the shape of a statement', () => {
  test.each([
    ["UPDATE a SET b=12 WHERE c='it''s \"mine\"'", 'UPDATE a SET b=? WHERE c=?'],
    ['SELECT *\n  FROM t1 WHERE id IN (1, 2,3)', 'SELECT * FROM t1 WHERE id IN (?, …)'],
    ["INSERT INTO a VALUES ('x\\'y', -1.5e3, 0xAF)", 'INSERT INTO a VALUES (?, -?, ?)'],
    ["SELECT 'cut off in the mid", 'SELECT ?'],
  ])('%j', (statement, shape) => {
    expect(shapeOf(statement)).toBe(shape)
  })

  test('holds no text and no number that was in quotes', () => {
    const quoted = fc.string().map(text => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`)
    fc.assert(
      fc.property(fc.array(quoted, { minLength: 1, maxLength: 5 }), values => {
        expect(shapeOf(`SELECT f(${values.join(', ')})`)).toMatch(/^SELECT f\((\?|\?, …)\)$/)
      }),
    )
  })
})

describe('who holds others up', () => {
  const row = (victim: number, blocker: number, waited: number | null) => ({
    ...{ v_thread: victim, v_trx: `${victim}`, v_started: '2026-01-01 00:00:00', v_open: 5 },
    ...{ b_thread: blocker, b_trx: `${blocker}`, b_started: '2026-01-01 00:00:00', b_open: 9 },
    ...{ b_command: 'Sleep', b_time: 4, v_command: 'Query', v_time: 3, waited },
    ...{ v_query: 'UPDATE a SET b=1', b_query: null, lock_table: '`l`.`a`', lock_index: null },
  })

  test('is at the beginning of a chain, the one waited for longest first', () => {
    const waits = parseLockWaits([row(2, 1, 1), row(3, 2, 8), row(4, 1, 6), row(6, 5, 7)])
    expect(rootBlockers(waits).map(({ threadId }: Party) => threadId)).toEqual([5, 1])
    expect(waits[0]!.blocker).toMatchObject({ idleSeconds: 4, statement: null, user: null })
    expect(waits[0]!.victim).toMatchObject({ idleSeconds: null, statement: 'UPDATE a SET b=?' })
  })

  test('a wait that ended meanwhile has lasted no time', () => {
    expect(parseLockWaits([row(2, 1, null)])[0]!.waitedSeconds).toBe(0)
  })
})

describe('binary logs that may go', () => {
  const logs = ['bin.1', 'bin.2', 'bin.3'].map(name => ({ name, bytes: 1 }))
  const at = (log: string) => ({ who: 'replica a', kind: 'replica' as const, log })
  const backup = (log: string) => ({ who: 'backup', kind: 'backup' as const, log })
  test.each<[string, Partial<PurgeSituation>, object]>([
    ['those before the newest, where nobody needs any', {}, { to: 'bin.3' }],
    ['those below the slowest', { keepFrom: [at('bin.3'), at('bin.2')], expected: 2 }, { to: 'bin.2' }],
    [
      'a backup needs them too',
      { keepFrom: [backup('bin.1')] },
      { refused: expect.stringContaining('nothing') },
    ],
    [
      'a replica is away',
      { keepFrom: [at('bin.3')], expected: 2 },
      { refused: expect.stringContaining('of 1') },
    ],
    ['one nobody spoke of is connected', { connected: 1 }, { refused: expect.stringContaining('of 0') }],
    [
      'a backup stands for no replica',
      { keepFrom: [backup('bin.3')], expected: 1 },
      { refused: expect.any(String) },
    ],
    [
      'a log that is gone already',
      { keepFrom: [at('bin.0')] },
      { refused: expect.stringContaining('bin.0') },
    ],
    ['one log', { logs: logs.slice(0, 1) }, { refused: expect.any(String) }],
    ['no log', { logs: [] }, { refused: expect.any(String) }],
  ])('%s', (_case, situation, plan) => {
    expect(purgePlan({ logs, keepFrom: [], expected: 0, connected: 0, ...situation })).toEqual(plan)
  })

  test('never one that anybody needs', () => {
    const count = fc.integer({ min: 1, max: 12 })
    fc.assert(
      fc.property(count, fc.array(fc.nat(12)), fc.nat(3), (number, needed, expected) => {
        const all = Array.from({ length: number }, (_, i) => ({ name: `bin.${i}`, bytes: 1 }))
        const keepFrom = needed.map(i => at(`bin.${i}`))
        const plan = purgePlan({ logs: all, keepFrom, expected, connected: 0 })
        if ('refused' in plan) return
        expect(needed.length).toBeGreaterThanOrEqual(expected)
        const to = Number(plan.to.slice(4))
        expect(Math.min(number - 1, ...needed)).toBe(to)
      }),
    )
  })
})
