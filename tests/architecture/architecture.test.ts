// The rules of this house, applied to all of it. What each rule is: rules.ts; that each bites: the other tests here.

import { expect, test } from 'vitest'
import { cycles } from './check-cycles.ts'
import { importViolations } from './check-imports.ts'
import { textViolations } from './check-text.ts'
import { importsOf } from './imports.ts'
import { projectSources } from './sources.ts'

const sources = projectSources()
const imports = new Map([...sources].map(([file, source]) => [file, importsOf(source)]))

test('the project was found', () => {
  expect(sources.size).toBeGreaterThan(50)
  expect([...sources.keys()]).toContain('platform/sql/ledger.ts')
})

test('every file imports only what its place may import, and uses only the packages of its place', () => {
  expect([...imports].flatMap(([file, found]) => importViolations(file, found))).toEqual([])
})

test('no file imports itself by way of others', () => {
  expect(cycles(imports)).toEqual([])
})

test('files are short, silence no check, leave out no test and never sleep in one', () => {
  expect([...sources].flatMap(([file, source]) => textViolations(file, source))).toEqual([])
})
