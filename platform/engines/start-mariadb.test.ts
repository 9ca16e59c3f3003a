import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createConnection } from 'mysql2/promise'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findProgram } from './find-program.ts'
import { ping } from './mariadb/ping.ts'
import { createScratchDatabase } from './scratch-database.ts'
import { type RunningMariadb, startMariadb } from './start-mariadb.ts'

async function ask(url: string, sql: string): Promise<unknown> {
  const connection = await createConnection({ uri: url })
  try {
    return (await connection.query(sql))[0]
  } finally {
    await connection.end()
  }
}

describe.skipIf(findProgram('mariadbd') === null)('a server for the life of this process', () => {
  let server: RunningMariadb
  beforeAll(async () => {
    server = await startMariadb()
  })
  afterAll(() => server.stop())

  test('runs as it should: durable, bytes compared as bytes, an administrator beside the user', async () => {
    const [row] = (await ask(
      server.url,
      'SELECT @@innodb_flush_log_at_trx_commit AS flush, @@log_bin AS log, @@collation_database AS collation',
    )) as unknown[]
    expect(row).toEqual({ flush: 1, log: 0, collation: 'utf8mb4_nopad_bin' })
    expect(await ping(server.adminUrl)).toBe(true)
    await expect(ask(server.url, 'SET GLOBAL max_connections = 10')).rejects.toThrow(/denied/)
  })

  test('nobody gets in without the password', async () => {
    expect(await ping(`mysql://root@127.0.0.1:${server.port}/mysql`)).toBe(false)
    expect(await ping(`mysql://levee@127.0.0.1:${server.port}/levee`)).toBe(false)
  })

  test('scratch databases are empty, apart from each other, and removed', async () => {
    const one = await createScratchDatabase(server.url)
    const two = await createScratchDatabase(server.url)
    await ask(one.url, 'CREATE TABLE t (code varchar(9) PRIMARY KEY)')
    await ask(one.url, "INSERT INTO t VALUES ('a'), ('A'), ('a ')")
    expect(await ask(two.url, 'SHOW TABLES')).toEqual([])
    await one.drop()
    await one.drop()
    await two.drop()
    expect(await ping(one.url)).toBe(false)
  })
})

test.skipIf(findProgram('mariadbd') === null)('a folder of its own keeps its data over a crash', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'levee-kept-'))
  const first = await startMariadb({ folder })
  await ask(first.url, 'CREATE TABLE kept (id int PRIMARY KEY)')
  process.kill(first.pid, 'SIGKILL')
  await first.stop()
  const second = await startMariadb({ folder, port: first.port })
  expect(second.url).toBe(first.url)
  expect(await ask(second.url, 'SELECT * FROM kept')).toEqual([])
  await second.stop()
  rmSync(folder, { recursive: true })
})
