// The black-box suite runs on every kind of shop: the same tests on each, or the report says which are missing.

import { SHOP_KINDS } from './support/engine-names.ts'
import type { VitestReport } from './vitest-report.ts'

export interface KindCounts {
  readonly kind: string
  readonly passed: number
  readonly failed: number
  /** Tests of another kind that this one does not have. */
  readonly missing: readonly string[]
}

/** One row a kind that has tests in the report; names end their suite's title with ` (<kind>)`. */
export function shopCounts(report: VitestReport): KindCounts[] {
  const byKind = new Map(SHOP_KINDS.map(kind => [kind as string, new Map<string, string>()]))
  const files = report.testResults.filter(file => /\/tests\/system\//.test(file.name))
  for (const { name: file, assertionResults } of files) {
    for (const { fullName, status } of assertionResults) {
      for (const [kind, tests] of byKind) {
        const mark = ` (${kind})`
        const suite = fullName.indexOf(mark)
        if (suite < 0) continue
        const name = fullName.slice(0, suite) + fullName.slice(suite + mark.length)
        tests.set(`${file.slice(file.lastIndexOf('/') + 1)} > ${name}`, status)
        break
      }
    }
  }
  const kinds = [...byKind].filter(([, tests]) => tests.size > 0)
  const all = new Set(kinds.flatMap(([, tests]) => [...tests.keys()]))
  return kinds.map(([kind, tests]) => {
    const statuses = [...tests.values()]
    return {
      kind,
      passed: statuses.filter(status => status === 'passed').length,
      failed: statuses.filter(status => status === 'failed').length,
      missing: [...all].filter(name => !tests.has(name)),
    }
  })
}
