// On real engines of `levee engines` (Kafka: local-kafka.test.ts): healthy, stopped, hanging, killed; each comes back with its data, port and passwords.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createClient } from '@redis/client'
import { createConnection } from 'mysql2/promise'
import { afterAll, describe, expect, it } from 'vitest'
import type { EngineName } from '../engines/engine.ts'
import { loadEngine } from '../engines/engines.ts'
import { findProgram } from '../engines/find-program.ts'
import { commandLine } from '../engines/processes.ts'
import { engineStatus, engineUp } from '../engines/standing.ts'
import { localSupervisor } from './local.ts'

const never = new AbortController().signal
const folder = mkdtempSync(path.join(tmpdir(), 'levee-local-'))
const local = localSupervisor({ folder, grace: 3_000 })
/** So little that what hangs is killed at once. */
const abrupt = localSupervisor({ folder, grace: 200 })

async function up(name: EngineName) {
  const { url, pid } = await engineUp(await loadEngine(name), folder, () => {})
  return { url: url!, pid: pid! }
}
const urlOf = async (name: EngineName) => (await engineStatus(await loadEngine(name), folder)).url

afterAll(async () => {
  for (const name of ['redis', 'mariadb']) await abrupt.stop(name, never).catch(() => undefined)
  rmSync(folder, { recursive: true, force: true })
})

describe.skipIf(findProgram('redis-server') === null)('Redis', () => {
  async function ask(url: string, ...command: string[]): Promise<unknown> {
    const client = createClient({ url, RESP: 2, socket: { reconnectStrategy: false } })
    client.on('error', () => undefined)
    await client.connect()
    const reply: unknown = await client.sendCommand(command).finally(() => client.destroy())
    return reply
  }

  it('is not known before it ran, and nothing is installed for it', async () => {
    await expect(local.restart('redis', never)).rejects.toMatchObject({ kind: 'unknown_unit' })
    await expect(local.state('postgres', never)).rejects.toMatchObject({ kind: 'unknown_unit' })
  })

  it('healthy: restarts as another process with the same data and URL', async () => {
    const { url, pid } = await up('redis')
    await ask(url, 'SET', 'a', 'b')
    const before = await local.state('redis', never)
    expect(before).toMatchObject({ running: 'yes', pid, detail: 'answers' })
    expect(Math.abs(Date.now() - before.since!)).toBeLessThan(30_000)
    const after = await local.restart('redis', never)
    expect(after).toMatchObject({ running: 'yes', detail: 'answers' })
    expect(after.pid).not.toBe(pid)
    expect(commandLine(pid)).toBeNull()
    expect(await urlOf('redis')).toBe(url)
    expect(await ask(url, 'GET', 'a')).toBe('b')
    expect(readFileSync(path.join(folder, 'redis/redis.before.log'), 'utf8')).toContain(
      'Redis is now ready to exit',
    )
  })

  it('stopped by a signal: is seen so, ends in order all the same, and comes back', async () => {
    const { pid, url } = await up('redis')
    process.kill(pid, 'SIGSTOP')
    expect(await local.state('redis', never)).toMatchObject({
      running: 'yes',
      detail: 'does not answer, stopped by a signal',
    })
    const after = await local.restart('redis', never)
    expect(after.pid).not.toBe(pid)
    expect(await ask(url, 'GET', 'a')).toBe('b')
    expect(readFileSync(path.join(folder, 'redis/redis.before.log'), 'utf8')).toContain('ready to exit')
  })

  it('hanging, deaf to SIGTERM: is killed after its grace', async () => {
    const { pid, url } = await up('redis')
    const stuck = ask(url, 'EVAL', 'while true do end', '0').catch((error: Error) => error.message)
    await expect.poll(async () => (await local.state('redis', never)).detail).toBe('does not answer')
    const after = await abrupt.restart('redis', never)
    expect(after).toMatchObject({ running: 'yes', detail: 'answers' })
    expect(after.pid).not.toBe(pid)
    expect(await stuck).toMatch(/closed/i)
    expect(await ask(url, 'GET', 'a')).toBe('b')
  })

  it('killed: is seen so, and is started on its port', async () => {
    const { pid, url } = await up('redis')
    process.kill(pid, 'SIGKILL')
    await expect
      .poll(() => local.state('redis', never))
      .toMatchObject({ running: 'no', pid: null, since: null })
    expect(await local.start('redis', never)).toMatchObject({ running: 'yes', detail: 'answers' })
    expect(await urlOf('redis')).toBe(url)
  })

  it('stays where it is when its port was taken by somebody: a shop would not find it elsewhere', async () => {
    const { url } = await up('redis')
    expect(await local.stop('redis', never)).toMatchObject({ running: 'no' })
    expect(await local.stop('redis', never)).toMatchObject({ running: 'no' })
    const squatter = createServer(socket => socket.destroy()).listen(Number(new URL(url).port), '127.0.0.1')
    await expect(local.restart('redis', never)).rejects.toMatchObject({ kind: 'failed' })
    await new Promise(resolve => squatter.close(resolve))
    expect(await local.restart('redis', never)).toMatchObject({ running: 'yes' })
    expect(await urlOf('redis')).toBe(url)
  })

  it('is given up in time when whoever asked gives up', async () => {
    const asker = new AbortController()
    asker.abort(new Error('no more'))
    await expect(local.restart('redis', asker.signal)).rejects.toThrow('no more')
  })
})

describe.skipIf(findProgram('mariadbd') === null)('MariaDB', () => {
  it('stopped, then killed: comes back with its data, as mysql too', async () => {
    const { url, pid } = await up('mariadb')
    const query = async (statement: string) => {
      const connection = await createConnection(url)
      try {
        return (await connection.query(statement))[0]
      } finally {
        await connection.end()
      }
    }
    await query('CREATE TABLE kept (id INT PRIMARY KEY)')
    await query('INSERT INTO kept VALUES (1)')
    process.kill(pid, 'SIGSTOP')
    const second = await local.restart('mysql', never)
    expect(second).toMatchObject({ running: 'yes', detail: 'answers' })
    process.kill(second.pid!, 'SIGKILL')
    await expect.poll(async () => (await local.state('mysql', never)).running).toBe('no')
    expect(await local.restart('mysql', never)).toMatchObject({ running: 'yes', detail: 'answers' })
    expect(await query('SELECT id FROM kept')).toEqual([{ id: 1 }])
  })
})
