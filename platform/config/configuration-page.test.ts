import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { configurationPage, PAGE } from './configuration-page.ts'

test('docs/configuration.md is what the table says (write it anew with `npm run docs`)', () => {
  expect(readFileSync(PAGE, 'utf8')).toBe(configurationPage())
})
