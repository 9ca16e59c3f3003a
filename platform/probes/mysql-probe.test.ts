// On a real MariaDB: waits for rows with two real connections, a replica, a full house, killed, stopped and locked.

import { type Connection, createConnection } from 'mysql2/promise'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { MariadbPair } from '../../tests/support/mariadb-pair.ts'
import { findProgram } from '../engines/find-program.ts'
import { rootBlockers } from './lock-waits.ts'
import { checkTables, endIdleBlocker, purgeBinaryLogs, tablesOf } from './mysql-actions.ts'
import { type MysqlProbe, openMysqlProbe } from './mysql-probe.ts'
import { ProbeFailed } from './probe-failed.ts'

const never = new AbortController().signal
const LIMIT_MS = 300
/** For what answers, on a busy machine, ms. */
const ROOMY_MS = 10_000
const SOON_MS = 2_000
/** InnoDB shows an old picture to whoever asks more often, ms. */
const APART = { interval: 150 }

describe.skipIf(findProgram('mariadbd') === null)('MariaDB', () => {
  let pair: MariadbPair
  let probe: MysqlProbe
  let options: { url: string; timeLimit: number }
  let replicaOptions: { url: string; timeLimit: number }
  const opened: Connection[] = []
  const connect = async (): Promise<Connection> => {
    const connection = await createConnection(options.url)
    // Some of them are ended from outside.
    connection.on('error', () => undefined)
    await connection.query('SET SESSION innodb_lock_wait_timeout=60')
    opened.push(connection)
    return connection
  }

  beforeAll(async () => {
    pair = await MariadbPair.start()
    options = { url: pair.adminUrl, timeLimit: ROOMY_MS }
    replicaOptions = { url: pair.replicaAdminUrl, timeLimit: ROOMY_MS }
    await pair.run('CREATE TABLE levee.stock (id INT PRIMARY KEY, left_over INT NOT NULL) ENGINE=InnoDB')
    await pair.run('INSERT INTO levee.stock VALUES (1, 10), (2, 20)')
  })
  afterAll(() => pair.drop())
  beforeEach(() => {
    probe = openMysqlProbe(options)
  })
  afterEach(() => {
    probe.close()
    for (const connection of opened.splice(0)) connection.destroy()
  })

  /** One holds row 1 and does nothing, another wants it. */
  async function wait(): Promise<{ holder: Connection; wanted: Promise<unknown> }> {
    const [holder, waiter] = [await connect(), await connect()]
    await holder.query('BEGIN')
    await holder.query('UPDATE levee.stock SET left_over = left_over - 1 WHERE id = 1')
    const wanted = waiter.query("UPDATE levee.stock SET left_over = 7 WHERE id = 1 AND 'secret' <> ''")
    wanted.catch(() => undefined) // looked at by who asked for it
    await expect.poll(async () => (await probe.lockWaits(never)).length, APART).toBe(1)
    return { holder, wanted }
  }

  it('tells of itself over one connection', async () => {
    const first = await probe.vitals(never)
    expect(first.ping).toBeGreaterThan(0)
    expect(first.connect).toBeGreaterThan(0)
    expect(first).toMatchObject({ flavour: 'mariadb', readOnly: false })
    expect(first.version).toMatch(/^1\d\.\d+/)
    const { used, most, ratio, running } = first.connections
    expect(ratio).toBeCloseTo(used! / most!)
    expect(running).toBeGreaterThanOrEqual(1)
    expect(first.statements.slow).toBeGreaterThanOrEqual(0)
    expect(first.uptime).toBeGreaterThanOrEqual(0)
    await connect()
    const second = await probe.vitals(never)
    expect(second.connect).toBeNull()
    expect(second.connections.used).toBe(used! + 1)
  })

  it('tells who waits for whom, and shows no value of anybody', async () => {
    const { holder, wanted } = await wait()
    await holder.query('SELECT 1')
    const [one] = await probe.lockWaits(never)
    expect(one).toMatchObject({
      table: '`levee`.`stock`',
      index: 'PRIMARY',
      blocker: {
        threadId: holder.threadId,
        user: 'levee_admin',
        command: 'Sleep',
        statement: null,
        rowsModified: 1,
      },
      victim: { command: 'Query', idleSeconds: null },
    })
    expect(one!.blocker.transactionStarted).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/)
    expect(one!.victim.statement).toBe('UPDATE levee.stock SET left_over = ? WHERE id = ? AND ? <> ?')
    await expect
      .poll(async () => (await probe.lockWaits(never))[0]?.waitedSeconds, APART)
      .toBeGreaterThanOrEqual(1)
    expect((await probe.vitals(never)).locks.waiting).toBe(1)
    await holder.query('ROLLBACK')
    await wanted
    await expect.poll(() => probe.lockWaits(never), APART).toEqual([])
  })

  it('ends a blocker only while it is idle in that very transaction', async () => {
    const { holder, wanted } = await wait()
    const [blocker] = rootBlockers(await probe.lockWaits(never))
    const another = { ...blocker!, transactionId: '1' }
    expect(await endIdleBlocker(options, another, 1, never)).toMatchObject({ done: false })
    expect(await endIdleBlocker(options, blocker!, 3_600, never)).toMatchObject({
      done: false,
      why: expect.stringContaining('not for 3600 s'),
    })
    const atWork = holder.query('SELECT SLEEP(1)')
    await expect.poll(async () => (await probe.lockWaits(never))[0]?.blocker.command, APART).toBe('Query')
    expect(await endIdleBlocker(options, blocker!, 1, never)).toMatchObject({
      done: false,
      why: expect.stringContaining('is at work'),
    })
    await atWork
    await expect
      .poll(() => endIdleBlocker(options, blocker!, 1, never))
      .toMatchObject({
        done: true,
        waiting: 1,
        ended: { threadId: holder.threadId },
      })
    await wanted
    expect(await endIdleBlocker(options, blocker!, 1, never)).toMatchObject({
      done: false,
      why: expect.stringContaining('holds nobody up'),
    })
    await expect(holder.query('SELECT 1')).rejects.toThrow()
  })

  it('counts deadlocks', async () => {
    const before = (await probe.vitals(never)).locks.deadlocks
    const [a, b] = [await connect(), await connect()]
    for (const each of [a, b]) await each.query('BEGIN')
    await a.query('UPDATE levee.stock SET left_over = 1 WHERE id = 1')
    await b.query('UPDATE levee.stock SET left_over = 1 WHERE id = 2')
    const both = await Promise.allSettled([
      a.query('UPDATE levee.stock SET left_over = 1 WHERE id = 2'),
      b.query('UPDATE levee.stock SET left_over = 1 WHERE id = 1'),
    ])
    expect(both.filter(({ status }) => status === 'rejected')).toHaveLength(1)
    await expect.poll(async () => (await probe.vitals(never)).locks.deadlocks).toBe(before! + 1)
  })

  it('tells how far a replica is, and removes logs only below that', async () => {
    expect(await probe.replication(never)).toEqual([])
    const replica = openMysqlProbe(replicaOptions)
    expect((await replica.vitals(never)).readOnly).toBe(true)
    for (const _ of [1, 2, 3]) await pair.run('FLUSH BINARY LOGS')
    const newest = (await probe.tableSpaces(never)).binaryLogs!.at(-1)!.name
    await expect
      .poll(() => replica.replication(never))
      .toMatchObject([
        {
          reading: true,
          applying: true,
          secondsBehind: 0,
          appliedLog: newest,
          readError: '',
          applyError: '',
        },
      ])
    const end = await probe.logPosition(never)
    expect(end).toMatchObject({ log: newest, position: expect.any(Number) })
    await expect.poll(async () => (await replica.replication(never))[0]?.gtid).toContain(end!.gtid)
    const [position] = await replica.replication(never)
    replica.close()
    const unknown = await purgeBinaryLogs(options, [], 1, never)
    expect(unknown).toMatchObject({ done: false, why: expect.stringContaining('positions of 0') })
    const held = { who: 'backup', kind: 'backup', log: 'bin.000002' } as const
    const at = { who: 'replica', kind: 'replica', log: position!.appliedLog } as const
    // The server lets a log go only after it has noted for itself that all in it is written.
    await expect
      .poll(() => purgeBinaryLogs(options, [at, held], 1, never))
      .toMatchObject({ done: true, removed: ['bin.000001'] })
    await expect
      .poll(async () => {
        await purgeBinaryLogs(options, [at], 1, never)
        return (await probe.tableSpaces(never)).binaryLogs!.map(({ name }) => name)
      })
      .toEqual([newest])
    expect(await purgeBinaryLogs(options, [at], 1, never)).toMatchObject({ done: false })
  })

  it('tells what takes the space, and checks tables', async () => {
    const spaces = await probe.tableSpaces(never)
    expect(spaces.largest.map(({ name }) => name)).toContain('levee/stock')
    expect(spaces.bytes).toBeGreaterThanOrEqual(spaces.largest.reduce((sum, { bytes }) => sum + bytes, 0))
    const tables = await tablesOf(options, 'levee', never)
    expect(await checkTables(options, tables, never)).toEqual([
      { table: 'levee.stock', ok: true, said: ['status: OK'] },
    ])
    const none = await checkTables(options, [{ database: 'levee', table: 'no`ne' }], never)
    expect(none[0]).toMatchObject({ ok: false })
  })

  it('fails question by question where a right is missing', async () => {
    const plain = openMysqlProbe({ url: pair.url, timeLimit: ROOMY_MS })
    expect((await plain.vitals(never)).readOnly).toBe(false)
    await expect(plain.replication(never)).rejects.toMatchObject({ kind: 'denied' })
    await expect(plain.lockWaits(never)).rejects.toMatchObject({ kind: 'denied' })
    plain.close()
  })

  it('is denied with a wrong password, which no message shows', async () => {
    const url = new URL(options.url)
    url.password = 'wrong-secret'
    const error = await openMysqlProbe({ url: url.href, timeLimit: ROOMY_MS })
      .vitals(never)
      .catch((failed: unknown) => failed)
    expect(error).toBeInstanceOf(ProbeFailed)
    expect(error).toMatchObject({ kind: 'denied' })
    expect(String(error)).not.toContain('wrong-secret')
  })

  it('stopped: holds its time limit, and reads on when it goes on', async () => {
    const short = openMysqlProbe({ ...options, timeLimit: LIMIT_MS })
    await expect.poll(() => short.vitals(never)).toMatchObject({ readOnly: false })
    pair.stop()
    for (const _ of [1, 2]) {
      const began = performance.now()
      await expect(short.vitals(never)).rejects.toMatchObject({ kind: 'hung' })
      expect(performance.now() - began).toBeLessThan(SOON_MS)
    }
    pair.goOn()
    await expect.poll(() => short.vitals(never)).toMatchObject({ readOnly: false })
    short.close()
  })

  it('killed: is refused', async () => {
    await probe.vitals(never)
    await pair.kill()
    await expect(probe.vitals(never)).rejects.toMatchObject({
      kind: expect.stringMatching(/refused|broke/),
    })
    await expect(probe.vitals(never)).rejects.toMatchObject({ kind: 'refused' })
    await pair.restart()
    expect((await probe.vitals(never)).uptime).toBeLessThan(60)
  })
})
