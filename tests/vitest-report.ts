// What vitest's JSON report says, as counts that add up.

/** As much of the report as is used. */
export interface VitestReport {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly testResults: readonly FileResult[]
}

interface FileResult {
  readonly name: string
  readonly status: string
  readonly message: string
  readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[]
}

export interface Tally {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  /** One line a failure: file and test. */
  readonly failures: readonly string[]
}

/**
 * Counts every test; a file that failed without a failing test (it did not load, or a hook broke) is one failure,
 * and so is a run that ended badly for no reason the report knows (an unhandled error, a crash, no report).
 */
export function tally(report: VitestReport | null, exitCode: number): Tally {
  if (report === null)
    return { passed: 0, failed: 1, skipped: 0, failures: [`vitest ended with ${exitCode} and no report`] }
  const tests = report.testResults.flatMap(file =>
    file.assertionResults
      .filter(test => test.status === 'failed')
      .map(test => `${file.name} > ${test.fullName}`),
  )
  const files = report.testResults
    .filter(file => file.status === 'failed' && !file.assertionResults.some(test => test.status === 'failed'))
    .map(file => `${file.name}: ${file.message.split('\n')[0]}`)
  const failures = [...tests, ...files]
  if (exitCode !== 0 && failures.length === 0)
    failures.push(`vitest ended with ${exitCode} though no test failed`)
  return {
    passed: report.numPassedTests,
    failed: failures.length,
    skipped: report.numPendingTests + report.numTodoTests,
    failures,
  }
}
