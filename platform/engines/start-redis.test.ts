import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { createLog } from '../log/log.ts'
import { openRedis } from '../redis/open-redis.ts'
import type { Reply } from '../redis/redis.ts'
import { findProgram } from './find-program.ts'
import { ping } from './redis/ping.ts'
import { startRedis } from './start-redis.ts'

const PATIENCE_MS = 2_000

async function ask(url: string, ...command: string[]): Promise<Reply> {
  const log = createLog({ level: 'silent', name: 'test' })
  const redis = await openRedis({ url, commandTimeout: PATIENCE_MS, log })
  try {
    return await redis.command(...command)
  } finally {
    await redis.close()
  }
}

describe.skipIf(findProgram('redis-server') === null)('a Redis of its own', () => {
  test('lets nobody in without the password, and evicts nothing', async () => {
    const server = await startRedis({ maxMemory: 32 })
    const { password } = new URL(server.url)
    expect(await ping(server.port, password)).toBe(true)
    expect(await ping(server.port, 'wrong')).toBe(false)
    await expect(ask(`redis://127.0.0.1:${server.port}`, 'GET', 'a')).rejects.toThrow(/NOAUTH|not connected/)
    expect(await ask(server.url, 'CONFIG', 'GET', 'maxmemory*')).toEqual(
      expect.arrayContaining([String(32 * 1024 * 1024), 'noeviction']),
    )
    await server.stop()
    expect(await ping(server.port, password)).toBe(false)
  })

  test.each([
    ['empty', false, null],
    ['with what was in it, where that is wanted', true, 'b'],
  ])('comes back %s', async (_how, persist, left) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'levee-redis-kept-'))
    const first = await startRedis({ folder, persist })
    await ask(first.url, 'SET', 'a', 'b')
    process.kill(first.pid, 'SIGTERM')
    await first.stop()
    const second = await startRedis({ folder, persist, port: first.port })
    expect(second.url).toBe(first.url)
    expect(await ask(first.url, 'GET', 'a')).toBe(left)
    await second.stop()
    rmSync(folder, { recursive: true })
  })
})
