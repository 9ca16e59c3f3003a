import { expect, test } from 'vitest'
import { tally, type VitestReport } from './vitest-report.ts'

const good = {
  name: 'a.test.ts',
  status: 'passed',
  message: '',
  assertionResults: [{ status: 'passed', fullName: 'x' }],
}
const bad = { ...good, status: 'failed', assertionResults: [{ status: 'failed', fullName: 'x breaks' }] }
const unloaded = { ...good, status: 'failed', message: 'SyntaxError: no\nat …', assertionResults: [] }

function report(...testResults: VitestReport['testResults']): VitestReport {
  return { numPassedTests: 7, numFailedTests: 1, numPendingTests: 2, numTodoTests: 0, testResults }
}

test('tests are counted one by one', () => {
  expect(tally(report(good, bad), 1)).toEqual({
    passed: 7,
    failed: 1,
    skipped: 2,
    failures: ['a.test.ts > x breaks'],
  })
})

test('a file that does not load is a failure', () => {
  expect(tally(report(good, unloaded), 1)).toMatchObject({
    failed: 1,
    failures: ['a.test.ts: SyntaxError: no'],
  })
})

test('a run that ends badly is never a success', () => {
  expect(tally(report(good), 1).failed).toBe(1)
  expect(tally(null, 0).failed).toBe(1)
})

test('a good run has no failure', () => {
  expect(tally(report(good), 0)).toMatchObject({ failed: 0, failures: [] })
})
