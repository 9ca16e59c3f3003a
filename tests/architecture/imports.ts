// What a source imports.

import { stripTypeScriptTypes } from 'node:module'
import { scan, type Token } from './tokens.ts'

export interface Import {
  /** Null: computed, so nobody can tell what it loads. */
  readonly specifier: string | null
  /** False: `import type`, gone when the program runs. */
  readonly isValue: boolean
  readonly line: number
}

/** Every import and re-export, static and dynamic. @throws Error where the source cannot be read */
export function importsOf(source: string): Import[] {
  // Node's own stripper decides what is left when the program runs; it keeps every line where it was.
  const values = new Set(specifiers(stripTypeScriptTypes(source)).map(keyOf))
  return specifiers(source).map(found => ({ ...found, isValue: values.has(keyOf(found)) }))
}

interface Found {
  readonly specifier: string | null
  readonly line: number
}
const keyOf = ({ specifier, line }: Found): string => `${line} ${specifier}`

function specifiers(source: string): Found[] {
  const { tokens } = scan(source)
  const found: Found[] = []
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== 'word' || tokens[index - 1]?.text === '.') continue
    const next = tokens[index + 1]
    if (token.text === 'import' && next?.kind === 'string')
      found.push({ specifier: next.text, line: token.line })
    else if (token.text === 'import' && isSign(next, '(')) {
      const argument = tokens[index + 2]
      found.push({ specifier: argument?.kind === 'string' ? argument.text : null, line: token.line })
    } else if (token.text === 'import' || token.text === 'export') {
      const from = clauseEnd(tokens, index + 1)
      if (from !== null) found.push({ specifier: from, line: token.line })
    }
  }
  return found
}

/**
 * Walks over `type`, names, `*`, `as`, commas and one pair of braces up to `from 'x'`; null where something else
 * stands, which is then another kind of export or `import.meta`.
 */
function clauseEnd(tokens: readonly Token[], start: number): string | null {
  let inBraces = false
  for (let index = start; index < tokens.length; index++) {
    const token = tokens[index]!
    const next = tokens[index + 1]
    if (!inBraces && token.text === 'from' && next?.kind === 'string') return next.text
    if (isSign(token, '{') && !inBraces) inBraces = true
    else if (isSign(token, '}') && inBraces) inBraces = false
    else if (!isClausePart(token, inBraces)) return null
  }
  return null
}

/** Outside of braces a statement word ends the clause: `export const from = …` is no re-export. */
function isClausePart(token: Token, inBraces: boolean): boolean {
  if (token.kind === 'sign') return token.text === ',' || token.text === '*'
  if (token.kind === 'string') return inBraces
  return token.kind === 'word' && (inBraces || !STATEMENTS.has(token.text))
}
const STATEMENTS = new Set(
  'const let var function class interface enum async abstract declare namespace'.split(' '),
)

const isSign = (token: Token | undefined, text: string): boolean =>
  token?.kind === 'sign' && token.text === text
