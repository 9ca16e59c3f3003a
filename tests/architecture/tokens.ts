// Cuts TypeScript into tokens, as far as the rules need it: words, strings, single signs, and comments apart.
// TypeScript 7 has no parser for programs to call.

export interface Token {
  readonly kind: 'word' | 'string' | 'template' | 'regex' | 'sign'
  /** A string's content without its quotes; else as it stands in the source. */
  readonly text: string
  /** From 1. */
  readonly line: number
}

export interface Scan {
  readonly tokens: readonly Token[]
  readonly comments: readonly { readonly text: string; readonly line: number }[]
}

/** After these words a slash begins a regular expression, not a division. */
const BEFORE_REGEX = new Set(
  'return typeof case in of new delete void throw do else instanceof await yield'.split(' '),
)
const BLANK = /\s+/y
const LINE_COMMENT = /\/\/[^\n]*/y
const BLOCK_COMMENT = /\/\*[\s\S]*?\*\//y
const WORD = /[\p{ID_Start}$_#@][\p{ID_Continue}$]*/uy
const NUMBER = /\d[\w.]*/y
const STRING = /'(?:[^'\\\n]|\\[\s\S])*'|"(?:[^"\\\n]|\\[\s\S])*"/y
const REGEX = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y
const TEMPLATE_TEXT = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*/y

/** @throws Error with the line where the source cannot be cut (an open string or comment) */
export function scan(source: string): Scan {
  const tokens: Token[] = []
  const comments: { text: string; line: number }[] = []
  let at = 0
  let line = 1
  /** For each `${` that is open: how many braces are open within it. */
  const inTemplates: number[] = []

  const take = (pattern: RegExp): string | null => {
    pattern.lastIndex = at
    const found = pattern.exec(source)?.[0] ?? null
    if (found === null) return null
    at += found.length
    line += found.split('\n').length - 1
    return found
  }
  const add = (kind: Token['kind'], text: string, startLine: number): void =>
    void tokens.push({ kind, text, line: startLine })
  const templateText = (): void => {
    const startLine = line
    add('template', take(TEMPLATE_TEXT) ?? '', startLine)
    if (source[at] === '`') at++
    else if (source.startsWith('${', at)) {
      at += 2
      inTemplates.push(0)
    } else throw new Error(`line ${startLine}: a template without end`)
  }
  const regexMayStart = (): boolean => {
    const last = tokens.at(-1)
    if (last === undefined) return true
    if (last.kind === 'word') return BEFORE_REGEX.has(last.text)
    return last.kind === 'sign' && !')]}'.includes(last.text)
  }

  while (at < source.length) {
    const startLine = line
    if (take(BLANK) !== null) continue
    const comment = take(LINE_COMMENT) ?? take(BLOCK_COMMENT)
    if (comment !== null) {
      comments.push({ text: comment, line: startLine })
      continue
    }
    const sign = source[at]!
    if (sign === "'" || sign === '"') {
      const text = take(STRING)
      if (text === null) throw new Error(`line ${line}: a string without end`)
      add('string', text.slice(1, -1), startLine)
      continue
    }
    if (sign === '`') {
      at++
      templateText()
      continue
    }
    const regex = sign === '/' && regexMayStart() ? take(REGEX) : null
    const word = regex === null ? (take(WORD) ?? take(NUMBER)) : null
    if (regex !== null) add('regex', regex, startLine)
    else if (word !== null) add('word', word, startLine)
    else {
      at++
      if (sign === '}' && inTemplates.at(-1) === 0) {
        inTemplates.pop()
        templateText()
        continue
      }
      if (inTemplates.length > 0)
        inTemplates[inTemplates.length - 1]! += sign === '{' ? 1 : sign === '}' ? -1 : 0
      add('sign', sign, startLine)
    }
  }
  return { tokens, comments }
}
