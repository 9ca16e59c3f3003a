// Long tests first, so that none of them runs alone at the end: a fresh clone knows nothing of how long they took.

import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** From the longest on. */
const LONGEST = ['failure-matrix', 'december', 'crash', 'replay', 'bad-input', 'payments', 'rules'].map(
  name => `/tests/system/${name}.test.ts`,
)

export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rest = await super.sort(files)
    const placeOf = ({ moduleId }: TestSpecification): number => {
      const place = LONGEST.findIndex(name => moduleId.endsWith(name))
      if (place >= 0) return place
      return moduleId.includes('/tests/system/') ? LONGEST.length : LONGEST.length + 1
    }
    // Stable: within each, what was known before stays.
    return [...rest].sort((a, b) => placeOf(a) - placeOf(b))
  }
}
