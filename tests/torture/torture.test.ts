// A short part of the torture: one seed that is always the same, and a fresh one that is printed. What it finds is found
// again by `npm run torture -- --seeds N --load 10 --faults 3`.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findJars, JARS_FOLDER } from '../../platform/engines/kafka/jars.ts'
import { ledgerUrls, redisUrl } from '../support/engines.ts'
import { torture } from './torture.ts'
import { World } from './world.ts'

const FIXED = 1
/** Fresh seeds are below this. */
const SEEDS = 1_000_000
const FRESH = Math.floor(Math.random() * SEEDS)
/** Of each seed, ms: with start and calm it takes twice as long. */
const LOAD_MS = 10_000
const FAULTS = 3

const folder = mkdtempSync(path.join(tmpdir(), 'levee-torture-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))

async function problemsOf(seed: number, world: World | null): Promise<readonly string[]> {
  const lines: string[] = []
  const say = (line: string) => void lines.push(line)
  const own = path.join(folder, `${seed}`)
  const result = await torture({ seed, world, load: LOAD_MS, faults: FAULTS, folder: own, say })
  expect(result.faults).toHaveLength(FAULTS)
  for (const { name, checked } of result.rules) expect([name, checked]).not.toEqual([name, 0])
  if (result.problems.length > 0) console.log(lines.join('\n'))
  return result.problems
}

const atHand = findJars(JARS_FOLDER) !== null && redisUrl() !== undefined && ledgerUrls().length > 1
describe.skipIf(!atHand)('three processes on real engines, under faults', () => {
  let world: World
  beforeAll(async () => {
    world = await World.open()
  })
  afterAll(() => world?.close())

  for (const seed of [FIXED, FRESH])
    it(`keep every promise (seed ${seed})`, async () => {
      console.log(`torture: seed ${seed}`)
      expect(await problemsOf(seed, world)).toEqual([])
    })
})

describe('one process on SQLite, killed again and again', () => {
  it(`keeps every promise (seed ${FRESH})`, async () => {
    expect(await problemsOf(FRESH, null)).toEqual([])
  })
})
