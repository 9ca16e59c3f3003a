import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeEach, expect, it, vi } from 'vitest'
import { historyEntries, type Sample, sample, set } from '../check/sample-history.ts'
import { buildProgram, run } from '../cli.ts'
import { OK, PROBLEM, UNREACHABLE } from './exit-codes.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'levee-check-'))
const file = path.join(folder, 'history.jsonl')
let shown = ''
beforeEach(() => {
  shown = ''
  for (const method of ['log', 'error'] as const)
    vi.spyOn(console, method).mockImplementation(text => {
      shown += `${text}\n`
    })
})
afterEach(() => vi.restoreAllMocks())
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function check(change: (run: Sample) => void, ...options: string[]): Promise<number> {
  const changed = sample()
  change(changed)
  writeFileSync(
    file,
    historyEntries(changed)
      .map(entry => `${JSON.stringify(entry)}\n`)
      .join(''),
  )
  return levee(file, ...options)
}
const levee = async (...args: string[]) => run(['node', 'levee', 'check', ...args], await buildProgram())

it('passes a clean history, and says how much each rule looked at', async () => {
  expect(await check(() => {})).toBe(OK)
  expect(shown).toMatch(/ok +coupons +3 checked/)
  expect(shown).toContain('Every promise was kept.')
})

it('names what was broken, and ends with a code that says so', async () => {
  expect(await check(set('coupons', {}, { quota: 1 }))).toBe(PROBLEM)
  expect(shown).toMatch(/WRONG +coupons +3 checked, 1 violations\n +c: 2 claims, the quota is 1/)
  expect(shown).toContain('1 of 8 rules were broken.')
})

it('prints JSON for programs', async () => {
  expect(await check(set('stock', {}, { available: 7 }), '--json')).toBe(PROBLEM)
  const { clean, rules } = JSON.parse(shown) as {
    clean: boolean
    rules: { name: string; violations: string[] }[]
  }
  expect(clean).toBe(false)
  expect(rules.find(({ name }) => name === 'stock')!.violations).toHaveLength(1)
})

it('tells a damaged file from a missing one', async () => {
  writeFileSync(file, '{"type":"run"')
  expect(await levee(file)).toBe(PROBLEM)
  expect(shown).toContain('line 1: it is not JSON')
  expect(await levee(path.join(folder, 'no-such'))).toBe(UNREACHABLE)
})
