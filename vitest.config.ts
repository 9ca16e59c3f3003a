import { defineConfig } from 'vitest/config'
import LongestFirst from './tests/sequencer.ts'

export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    exclude: ['**/node_modules/**', '.levee/**'],
    // One a core of the smallest machine that must be enough; servers under test need the rest.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    // A test that passes only sometimes has found something.
    retry: 0,
    // ms. Whole-system tests start servers and wait for conditions, on a machine that others use too.
    testTimeout: 240_000,
    hookTimeout: 180_000,
    // ms. What is waited for comes by itself; how soon is measured in `bench/`, not here.
    expect: { poll: { timeout: 10_000 } },
  },
})
