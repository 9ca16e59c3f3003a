import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { createConnection } from 'mysql2/promise'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findProgram } from './find-program.ts'
import { ping } from './mariadb/ping.ts'
import { commandLine } from './processes.ts'
import { createScratchDatabase } from './scratch-database.ts'
import { type RunningMariadb, startMariadb } from './start-mariadb.ts'
import { waitFor } from './wait-for.ts'

const GONE_WITHIN_MS = 15_000
const gone = (pid: number, folder: string) =>
  waitFor(() => commandLine(pid) === null && !existsSync(folder), GONE_WITHIN_MS)

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

describe.skipIf(findProgram('mariadbd') === null)('no server is left behind', () => {
  test('stop ends it and removes its folder, even when it hangs', async () => {
    const server = await startMariadb({ stopGrace: 100 })
    process.kill(server.pid, 'SIGSTOP')
    await server.stop()
    expect(await gone(server.pid, server.folder)).toBe(true)
    await server.stop()
  })

  test('kill -9 of the parent ends it too', async () => {
    const parent = spawn(process.execPath, ['--input-type=module', '--eval', PARENT], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const [line] = await once(createInterface({ input: parent.stdout }), 'line')
    const { pid, folder } = JSON.parse(line as string) as { pid: number; folder: string }
    expect(commandLine(pid)).toContain(folder)
    parent.kill('SIGKILL')
    expect(await gone(pid, folder)).toBe(true)
  })

  test('a parent killed while the server is being made leaves nothing', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'levee-early-'))
    const parent = spawn(process.execPath, ['--input-type=module', '--eval', PARENT], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, TMPDIR: folder },
    })
    const made = () => existsSync(folder) && statSync(folder).nlink > 2
    expect(await waitFor(made, GONE_WITHIN_MS)).toBe(true)
    parent.kill('SIGKILL')
    expect(await waitFor(() => !made(), GONE_WITHIN_MS)).toBe(true)
    rmSync(folder, { recursive: true })
  })

  test('a folder of its own keeps its data over a crash', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'levee-kept-'))
    const first = await startMariadb({ folder })
    await ask(first.url, 'CREATE TABLE kept (id int PRIMARY KEY)')
    process.kill(first.pid, 'SIGKILL')
    await first.stop()
    const second = await startMariadb({ folder, port: first.port })
    expect(second.port).toBe(first.port)
    expect(await ask(second.url, 'SELECT * FROM kept')).toEqual([])
    await second.stop()
    rmSync(folder, { recursive: true })
  })

  test('a server that cannot start says why', async () => {
    await expect(startMariadb({ extra: ['--no-such-option'] })).rejects.toThrow(/no-such-option/)
  })
})

/** Starts a server, says which, and waits for its end. */
const PARENT = `
  const { startMariadb } = await import(${JSON.stringify(path.join(import.meta.dirname, 'start-mariadb.ts'))})
  const { pid, folder } = await startMariadb()
  console.log(JSON.stringify({ pid, folder }))
  process.stdin.resume()
`
