import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { alone } from './alone.ts'

const PATIENCE_MS = 5_000

let folder: string
let lock: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'levee-lock-'))
  lock = path.join(folder, 'lock')
})
afterEach(() => rmSync(folder, { recursive: true }))

test('works come one after the other, and a failing one lets go', async () => {
  let inside = 0
  let most = 0
  const work = (fails: boolean) => async () => {
    most = Math.max(most, ++inside)
    await new Promise(setImmediate)
    inside--
    if (fails) throw new Error('broken')
  }
  const ends = await Promise.allSettled(
    [true, false, false].map(fails => alone(lock, PATIENCE_MS, work(fails))),
  )
  expect(ends.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled'])
  expect(most).toBe(1)
  expect(readdirSync(folder)).toEqual([])
})

test('the lock of a dead process counts for nothing', async () => {
  writeFileSync(lock, String(2 ** 22 + 1))
  expect(await alone(lock, PATIENCE_MS, async () => 'done')).toBe('done')
})

test('that of a living one is respected, and named', async () => {
  writeFileSync(lock, String(process.pid))
  await expect(alone(lock, 50, async () => 'done')).rejects.toThrow(`process ${process.pid}`)
  expect(existsSync(lock)).toBe(true)
})
