import { expect, test } from 'vitest'
import { importsOf } from './imports.ts'

const specifiers = (source: string) => importsOf(source).map(({ specifier }) => specifier)
const values = (source: string) =>
  importsOf(source)
    .filter(({ isValue }) => isValue)
    .map(({ specifier }) => specifier)

test.each([
  ["import a from 'x'"],
  ["import 'x'"],
  ["import a, { b as c, type D } from 'x'"],
  ["import * as a from 'x'"],
  ["import {\n  a, // from 'y'\n  b,\n} from 'x'"],
  ["export * from 'x'"],
  ["export * as a from 'x'"],
  ["export { a, default as b } from 'x'"],
  ["const a = () => import('x')"],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the template is the source that is read
  ["const a = `${await import('x')} import('y')`"],
  ["const a = /'/.test(b)\nimport c from 'x'"],
  ["const a = b / c; const d = '/'\nimport e from 'x'"],
  ['import a from "x" with { type: "json" }'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the template is the source that is read
  ["const a = `a ${b ? `c ${{ d: 1 }.d}` : ''}`\nimport e from 'x'"],
  ["function from() {}\nexport const of = from\nimport e from 'x'"],
])('%j imports x', source => {
  expect(values(source)).toEqual(['x'])
})

test.each([
  ["import type { A } from 'x'"],
  ["import type A from 'x'"],
  ["export type { A } from 'x'"],
  ["export type * from 'x'"],
  ["type A = import('x').A"],
])('%j imports a type only', source => {
  expect(specifiers(source)).toEqual(['x'])
  expect(values(source)).toEqual([])
})

test.each([
  ["// import a from 'x'"],
  ["/* import a from 'x' */"],
  ['const a = "import b from \'x\'"'],
  ["const a = `import b from 'x'`"],
  ["const a = import.meta.dirname; const from = 'x'"],
  ["export const from = 'x'"],
  ["a.import('x')"],
])('%j imports nothing', source => {
  expect(specifiers(source)).toEqual([])
})

test('an import that is computed is seen as such', () => {
  expect(specifiers('await import(name)')).toEqual([null])
})

test('a source that cannot be read is not passed over', () => {
  expect(() => importsOf("const a = 'open")).toThrow()
})
