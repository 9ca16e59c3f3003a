// The import rules applied to one file.

import path from 'node:path'
import type { Import } from './imports.ts'
import { PLACES, type Place, TEST_FILE, TEST_IMPORTS, TYPES_ONLY } from './rules.ts'

/** What is wrong in one file, one line each: `path:line: what`. */
export function importViolations(file: string, imports: readonly Import[]): string[] {
  const place = PLACES.find(({ files }) => files.test(file))
  if (place === undefined) return [`${file}:1: is in no place that tests/architecture/rules.ts knows`]
  return imports.flatMap(found => {
    const problem = problemOf(file, place, found)
    return problem === null ? [] : [`${file}:${found.line}: ${place.name} may not ${problem}`]
  })
}

function problemOf(file: string, place: Place, { specifier, isValue }: Import): string | null {
  const isTest = TEST_FILE.test(file)
  if (specifier === null) return isTest || place.imports === 'anything' ? null : 'import what is computed'
  if (specifier.startsWith('.')) {
    const target = path.posix.join(path.posix.dirname(file), specifier)
    if (!mayImport(place, file, target, isTest)) return `import ${target}`
    const typesOnly = TYPES_ONLY.some(rule => rule.place === place.name && fits(rule.imports, target))
    return isValue && typesOnly && !isTest ? `import ${target} other than as a type` : null
  }
  if (isTest) return null
  if (specifier.startsWith('node:')) {
    const name = specifier.slice('node:'.length).split('/')[0]!
    return place.node === 'any' || place.node.includes(name) ? null : `use ${specifier}`
  }
  const name = packageName(specifier)
  return place.packages === 'any' || place.packages.some(allowed => packageFits(allowed, name))
    ? null
    : `use the package ${name}`
}

function mayImport(place: Place, file: string, target: string, isTest: boolean): boolean {
  if (place.imports === 'anything') return true
  const module = place.files.exec(file)?.groups?.module ?? ''
  const allowed = place.imports.map(pattern => pattern.replace('<module>', module))
  return [...allowed, ...(isTest ? TEST_IMPORTS : [])].some(pattern => fits(pattern, target))
}

/** `folder/` fits all below it; else the whole path must fit, `*` standing for one name. */
function fits(pattern: string, target: string): boolean {
  if (pattern.endsWith('/')) return target.startsWith(pattern)
  const wanted = pattern.split('/')
  const names = target.split('/')
  return (
    wanted.length === names.length && wanted.every((part, index) => part === '*' || part === names[index])
  )
}

const packageFits = (allowed: string, name: string): boolean =>
  allowed.endsWith('/*') ? name.startsWith(allowed.slice(0, -1)) : allowed === name

/** `typebox/compile` is of `typebox`, `@fastify/cors/x` of `@fastify/cors`. */
const packageName = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
