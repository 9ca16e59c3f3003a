// A short part of `npm run simulate`: fixed seeds and fresh ones, the same seed twice, and bugs that have to be found. Each run
// has processes of its own: a virtual clock is no place for the tests' own timers.

import { execFile } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { planted } from './planted.ts'
import { seedRange } from './seed-range.ts'

const ENTRY = path.join(import.meta.dirname, 'simulate.ts')
const FIXED = '1..24'
const FRESH = 8
/** Seeds in which each planted bug has to show. */
const BUG_SEEDS = '1..40'

const folder = mkdtempSync(path.join(tmpdir(), 'levee-simulation-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function simulate(...args: string[]): Promise<{ code: number; said: string }> {
  return new Promise(resolve => {
    execFile(process.execPath, [ENTRY, '--out', folder, ...args], (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), said: stdout + stderr }),
    )
  })
}

describe('the shop on a virtual clock', () => {
  it(`keeps its promises in seeds ${FIXED}`, async () => {
    const { code, said } = await simulate('--seeds', FIXED)
    expect(code, said).toBe(0)
  })

  it('keeps them in seeds that nobody has tried', async () => {
    const from = randomInt(1_000_000, 1_000_000_000)
    const seeds = `${from}..${from + FRESH - 1}`
    console.log(`fresh seeds: ${seeds}`)
    const { code, said } = await simulate('--seeds', seeds)
    expect(code, said).toBe(0)
  })

  it('has one history for one seed, byte by byte, alone or after others', async () => {
    const run = async (seeds: string): Promise<string> => {
      await simulate('--seeds', seeds, '--whole', '--jobs', '1')
      return readFileSync(path.join(folder, 'seed-5.jsonl'), 'utf8')
    }
    const alone = await run('5')
    const after = await run('3..5')
    expect(alone.split('\n').length).toBeGreaterThan(400)
    expect(after === alone).toBe(true)
  })
})

describe('a planted bug is found', () => {
  it.each(Object.keys(planted))('%s', async bug => {
    const { code, said } = await simulate('--seeds', BUG_SEEDS, '--planted', bug, '--first', '--jobs', '1')
    expect(said).toMatch(/^seed \d+ fails:/m)
    expect(code).toBe(1)
  })
})

describe('a range of seeds', () => {
  it('is read', () => {
    expect([seedRange('1..10000'), seedRange('17')]).toEqual([
      { from: 1, to: 10_000 },
      { from: 17, to: 17 },
    ])
    for (const bad of ['', 'a', '3..1', '1...2', '-1', '1..2..3'])
      expect(() => seedRange(bad)).toThrow('--seeds')
  })
})
