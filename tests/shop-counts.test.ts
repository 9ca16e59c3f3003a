import { expect, test } from 'vitest'
import { shopCounts } from './shop-counts.ts'
import type { VitestReport } from './vitest-report.ts'

function report(...names: string[]): VitestReport {
  const assertionResults = names.map(fullName => ({ status: 'passed', fullName }))
  const file = { name: '/x/tests/system/a.test.ts', status: 'passed', message: '', assertionResults }
  return { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults: [file] }
}

test('kinds with the same tests miss nothing', () => {
  const counts = shopCounts(report('orders (sqlite) sells', 'orders (mariadb) sells', 'orders (redis) sells'))
  expect(counts.map(({ kind, passed, missing }) => [kind, passed, missing])).toEqual([
    ['sqlite', 1, []],
    ['mariadb', 1, []],
    ['redis', 1, []],
  ])
})

test('a test that one kind lacks is named', () => {
  const [, mariadb] = shopCounts(
    report('orders (sqlite) sells', 'orders (sqlite) pays', 'orders (mariadb) sells'),
  )
  expect(mariadb?.missing).toEqual(['a.test.ts > orders pays'])
})

test('a kind whose name is part of another one is not taken for it', () => {
  const counts = shopCounts(report('orders (mariadb) sells', 'orders (redis) sells'))
  expect(counts.map(({ kind, passed }) => [kind, passed])).toEqual([
    ['mariadb', 1],
    ['redis', 1],
  ])
})
