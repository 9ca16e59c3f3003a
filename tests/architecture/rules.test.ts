// Each rule is shown a planted violation, and something like it that is allowed.

import { describe, expect, test } from 'vitest'
import { cycles } from './check-cycles.ts'
import { importViolations } from './check-imports.ts'
import { textViolations } from './check-text.ts'
import { importsOf } from './imports.ts'
import { MOST_LINES } from './rules.ts'

const imported = (file: string, specifier: string, keyword = 'import') =>
  importViolations(file, importsOf(`${keyword} { a } from '${specifier}'`))

describe('who may import whom', () => {
  test.each([
    ['gateway/a.ts', '../services/all.ts'],
    ['gateway/a.ts', '../modules/order/store.ts'],
    ['gateway/a.ts', '../modules/order/index.ts'],
    ['gateway/a.ts', '../operator/a.ts'],
    ['modules/order/a.ts', '../coupon/store.ts'],
    ['modules/order/a.ts', '../coupon/index.ts'],
    ['modules/order/a.ts', '../coupon/parts/contract.ts'],
    ['modules/order/a.ts', '../../gateway/a.ts'],
    ['modules/order/a.ts', '../../services/all.ts'],
    ['modules/order/contract.ts', '../coupon/store.ts'],
    ['modules/order/a.test.ts', '../coupon/store.ts'],
    ['operator/a.ts', '../modules/order/contract.ts'],
    ['operator/diagnosis/a.ts', '../../platform/sql/ledger.ts'],
    ['resilience/a.ts', '../platform/module.ts'],
    ['platform/a.ts', '../modules/order/contract.ts'],
    ['platform/a.ts', '../gateway/a.ts'],
    ['platform/a.ts', '../services/all.ts'],
    ['platform/a.ts', '../tests/support/engines.ts'],
    ['web/a.ts', '../platform/module.ts'],
    ['web/a.ts', '../modules/order/contract.ts'],
    ['elsewhere/a.ts', './b.ts'],
  ])('%s may not import %s', (file, specifier) => {
    expect(imported(file, specifier)).toHaveLength(1)
  })

  test.each([
    ['services/all.ts', '../modules/order/index.ts'],
    ['gateway/a.ts', '../modules/order/contract.ts'],
    ['gateway/a.ts', '../resilience/a.ts'],
    ['modules/order/a.ts', './store.ts'],
    ['modules/order/a.ts', '../coupon/contract.ts'],
    ['modules/order/a.test.ts', '../../tests/support/ledgers.ts'],
    ['operator/a.ts', '../platform/log/log.ts'],
    ['platform/sql/a.ts', '../../resilience/a.ts'],
    ['tests/a.ts', '../services/all.ts'],
    ['bench/a.ts', '../services/all.ts'],
  ])('%s may import %s', (file, specifier) => {
    expect(imported(file, specifier)).toEqual([])
  })

  test('web takes the types of a contract', () => {
    expect(imported('web/a.ts', '../modules/order/contract.ts', 'import type')).toEqual([])
  })

  test('what is computed is refused, where anything is', () => {
    expect(importViolations('gateway/a.ts', importsOf('await import(name)'))).toHaveLength(1)
    expect(importViolations('tests/a.ts', importsOf('await import(name)'))).toEqual([])
  })
})

describe('which packages where', () => {
  test.each([
    ['resilience/a.ts', 'typebox'],
    ['resilience/a.ts', 'node:fs'],
    ['modules/order/contract.ts', 'kysely'],
    ['modules/order/claim.ts', 'kysely'],
    ['modules/order/claim.ts', 'typebox'],
    ['modules/order/claim.ts', 'node:fs/promises'],
    ['modules/order/store.ts', 'mysql2'],
    ['gateway/a.ts', 'kysely'],
    ['gateway/a.ts', 'node:child_process'],
    ['platform/a.ts', 'commander'],
    ['services/a.ts', 'mysql2/promise'],
    ['services/a.ts', 'kysely'],
  ])('%s may not use %s', (file, specifier) => {
    expect(imported(file, specifier)).toHaveLength(1)
  })

  test.each([
    ['modules/order/contract.ts', 'typebox'],
    ['modules/order/store.ts', 'kysely'],
    ['modules/order/saga-store.ts', 'kysely'],
    ['modules/order/claim.ts', 'node:crypto'],
    ['modules/order/claim.test.ts', 'fast-check'],
    ['gateway/a.ts', '@fastify/swagger'],
    ['gateway/a.ts', 'typebox/compile'],
    ['platform/sql/a.ts', 'mysql2/promise'],
    ['services/commands/a.ts', 'commander'],
  ])('%s may use %s', (file, specifier) => {
    expect(imported(file, specifier)).toEqual([])
  })
})

describe('cycles', () => {
  const between = (files: Record<string, string>) =>
    cycles(new Map(Object.entries(files).map(([file, source]) => [file, importsOf(source)])))

  test('of values are found, with their way', () => {
    expect(
      between({
        'a/a.ts': "import { b } from '../b/b.ts'",
        'b/b.ts': "export * from './c.ts'",
        'b/c.ts': "const a = () => import('../a/a.ts')",
      }),
    ).toEqual(['a/a.ts → b/b.ts → b/c.ts → a/a.ts'])
  })

  test('of types do not count, nor do two ways to one file', () => {
    expect(
      between({
        'a.ts': "import { b } from './b.ts'\nimport { c } from './c.ts'",
        'b.ts': "import { c } from './c.ts'\nimport type { A } from './a.ts'",
        'c.ts': '',
      }),
    ).toEqual([])
  })
})

describe('the text of a file', () => {
  const lines = (count: number) => 'a()\n'.repeat(count)

  test.each([
    ['platform/a.ts', lines(MOST_LINES + 1)],
    ['platform/a.ts', '// @ts-ignore\na()'],
    ['platform/a.ts', '// @ts-nocheck'],
    ['platform/a.ts', '/* biome-ignore lint/a/b */'],
    ['platform/a.ts', '// biome-ignore lint/a/b:'],
    ['platform/a.ts', '// biome-ignore lint/a/b: <explanation>'],
    ['platform/a.ts', '// biome-ignore-all lint/a/b'],
    ['platform/a.test.ts', "test.skip('x', () => {})"],
    ['platform/a.test.ts', "it.only('x', () => {})"],
    ['platform/a.test.ts', "describe.concurrent.todo('x')"],
    ['platform/a.test.ts', "test('x', { skip: true }, () => {})"],
    ['tests/a.ts', "describe.only('x', () => {})"],
    ['platform/a.test.ts', 'await new Promise(resolve => setTimeout(resolve, 50))'],
    ['platform/a.test.ts', 'await new Promise<void>((done) => setTimeout(done, MS))'],
    ['platform/a.test.ts', 'await new Promise(resolve => { setTimeout(() => resolve(1), 50) })'],
    ['platform/a.test.ts', 'await new Promise((r: () => void) => setTimeout(() => { r() }, 50))'],
    ['platform/a.test.ts', "import { setTimeout as sleep } from 'node:timers/promises'"],
    ['tests/support/a.ts', 'const pause = (ms) => new Promise(r => setTimeout(r, ms))'],
    ['modules/a/a.ts', "await redis.command('KEYS', '*')"],
    ['platform/a.ts', "redis.command('FlushAll')"],
    ['services/a.ts', "redis.command('FLUSHDB', 'ASYNC')"],
    ['platform/a.ts', 'await client.flushDb()'],
    ['modules/a/a.ts', 'script(`return redis.call("KEYS", "*")`)'],
    ['modules/a/a.ts', "script(`redis.pcall('flushall')`)"],
  ])('%s with %j is refused', (file, source) => {
    expect(textViolations(file, source)).toHaveLength(1)
  })

  test.each([
    ['platform/a.ts', lines(MOST_LINES)],
    ['platform/a.test.ts', lines(MOST_LINES + 1)],
    ['platform/a.ts', "const a = '@ts-ignore'"],
    ['platform/a.ts', '// biome-ignore lint/a/b: the driver has no types'],
    ['platform/a.ts', 'new Promise(resolve => setTimeout(resolve, 50))'],
    ['platform/a.test.ts', "describe.skipIf(missing)('x', () => {})"],
    ['platform/a.test.ts', "// test.skip('x')"],
    ['platform/a.test.ts', 'source.test.only()'],
    ['platform/a.test.ts', 'new Promise((_, reject) => setTimeout(() => reject(late), 50))'],
    ['platform/a.test.ts', 'await vi.waitFor(() => expect(a).toBe(1))'],
    ['platform/a.test.ts', "redis.command('FLUSHALL')"],
    ['tests/support/a.ts', "redis.command('FLUSHALL')"],
    ['modules/a/a.ts', 'script(`redis.call("DEL", KEYS[1])`)'],
    ['modules/a/a.ts', 'for (const key of map.keys()) use(key, "keys")'],
  ])('%s with %j is fine', (file, source) => {
    expect(textViolations(file, source)).toEqual([])
  })
})
