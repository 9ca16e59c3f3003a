// Rules about the text of one file: its length, silenced checks, tests left out, tests that sleep, commands that would hold
// up a Redis or empty one.

import { MOST_LINES, TEST_FILE } from './rules.ts'
import { type Scan, scan, type Token } from './tokens.ts'

/** One line each: `path:line: what`. */
export function textViolations(file: string, source: string): string[] {
  const scanned = scan(source)
  const isTest = TEST_FILE.test(file)
  const problems = [
    ...silencers(scanned),
    ...(isTest ? [] : tooLong(source)),
    ...(isTest || NO_PRODUCT.test(file) ? [] : wholeRedis(scanned.tokens)),
    ...(isTest || file.startsWith('tests/') ? [...leftOut(scanned.tokens), ...sleeps(scanned.tokens)] : []),
  ]
  return problems.map(({ line, what }) => `${file}:${line}: ${what}`)
}

interface Problem {
  readonly line: number
  readonly what: string
}

function tooLong(source: string): Problem[] {
  const lines = source.trimEnd().split('\n').length
  return lines > MOST_LINES ? [{ line: MOST_LINES, what: `has ${lines} lines, more than ${MOST_LINES}` }] : []
}

function silencers({ comments }: Scan): Problem[] {
  return comments.flatMap(({ text, line }): Problem[] => {
    if (/@ts-(ignore|nocheck)/.test(text)) return [{ line, what: 'silences the types' }]
    const reason = /biome-ignore[\w-]*\s+[^:\s]+(?::\s*(.*))?/.exec(text)
    if (reason === null) return []
    const given = (reason[1] ?? '').replace(/\*\/$/, '').trim()
    return given === '' || given.startsWith('<') ? [{ line, what: 'biome-ignore without a reason' }] : []
  })
}

const TEST_WORDS = new Set(['it', 'test', 'describe', 'suite', 'bench'])
const LEFT_OUT = new Set(['skip', 'only', 'todo', 'fails'])

/** `test.skip(`, `describe.each.only(`, `{ only: true }`. `skipIf` with a condition of the machine is allowed. */
function leftOut(tokens: readonly Token[]): Problem[] {
  const problems: Problem[] = []
  for (const [index, { kind, text, line }] of tokens.entries()) {
    if (kind !== 'word') continue
    const textAt = (offset: number): string | undefined => tokens[index + offset]?.text
    if (TEST_WORDS.has(text) && textAt(-1) !== '.') {
      for (let dot = 1; textAt(dot) === '.'; dot += 2) {
        const word = textAt(dot + 1)!
        if (LEFT_OUT.has(word))
          problems.push({ line, what: `${text}.${word}: a test is left out or hides others` })
      }
    }
    if (LEFT_OUT.has(text) && textAt(1) === ':' && textAt(2) === 'true')
      problems.push({ line, what: `${text}: true` })
  }
  return problems
}

/** `new Promise(resolve => setTimeout(resolve, 50))` in its spellings, and the promises of `node:timers/promises`. */
function sleeps(tokens: readonly Token[]): Problem[] {
  const problems: Problem[] = []
  for (const [index, { kind, text, line }] of tokens.entries()) {
    if (kind === 'string' && /^(node:)?timers\/promises$/.test(text)) {
      problems.push({ line, what: 'sleeps (timers/promises): wait for a condition' })
    }
    if (kind !== 'word' || text !== 'Promise' || tokens[index - 1]?.text !== 'new') continue
    const words = tokens.slice(index + 1, index + 40).map(token => token.text)
    const body = words.slice(words.indexOf('(')).join(' ')
    if (SLEEP.test(body)) problems.push({ line, what: 'sleeps (setTimeout): wait for a condition' })
  }
  return problems
}
/** `( resolve => setTimeout ( resolve ,` and `( ( resolve ) => { setTimeout ( ( ) => resolve ( ) ,`, as tokens. */
const SLEEP =
  /^\( (?:function )?(?:\( )?(\w+)(?: : [\w<> ,|()=]+?)?(?: \))? (?:= > )?(?:\{ )?(?:globalThis \. )?setTimeout \( (?:\1 ,|\( \) = > (?:\{ )?\1 \()/

/** Whoever only tests may do as faults do. */
const NO_PRODUCT = /^(tests|drills|bench|load)\//

/** `KEYS` walks over everything at one go, and a flush takes away what is others' too: by command, method or script. */
function wholeRedis(tokens: readonly Token[]): Problem[] {
  const problems: Problem[] = []
  for (const { kind, text, line } of tokens) {
    const command = kind === 'string' && /^(keys|flushall|flushdb)$/i.test(text) && text !== 'keys'
    const method = kind === 'word' && /^flush(all|db)$/i.test(text)
    const inScript =
      (kind === 'string' || kind === 'template') && /call\s*\(\s*\\?["'](keys|flushall|flushdb)\b/i.test(text)
    if (command || method || inScript)
      problems.push({ line, what: 'KEYS and flushes are for nobody: SCAN in steps, or keys with a life' })
  }
  return problems
}
