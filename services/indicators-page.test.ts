import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { INDICATORS_PAGE, indicatorsPage, RULES_FILE, rulesFile } from './indicators-page.ts'

test('docs/indicators.md is what the table says (write it anew with `npm run docs`)', () => {
  expect(readFileSync(INDICATORS_PAGE, 'utf8')).toBe(indicatorsPage())
})

test('the rules for Prometheus are what the table says', () => {
  expect(readFileSync(RULES_FILE, 'utf8')).toBe(rulesFile())
})
