import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { failureMatrixPage, MATRIX_PAGE } from './failure-matrix-page.ts'

test('docs/failure-matrix.md is what the ladders say (write it anew with `npm run docs`)', () => {
  expect(readFileSync(MATRIX_PAGE, 'utf8')).toBe(failureMatrixPage())
})
