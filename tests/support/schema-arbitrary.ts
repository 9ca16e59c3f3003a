// Values for the input of an operation, from its schema: such as fit, and such as nearly do.

import fc from 'fast-check'

export interface JsonSchema {
  readonly type?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly JsonSchema[]
  readonly items?: JsonSchema
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly minItems?: number
  readonly maxItems?: number
}

/** Texts that have broken other systems. */
export const NASTY = [
  "'; DROP TABLE orders; --",
  '" OR ""="',
  "1' AND SLEEP(5) -- ",
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>&amp;',
  '%00%0a../../etc/passwd',
  '{{7*7}}#{7*7}',
  'a\u0000b',
  'line\r\nX-Injected: yes',
  'tab\tescape\u001b[31m',
  'delete\u007f',
  'Zoë Müller-Łukasz',
  '🧦👩‍👩‍👧‍👦🇬🇧',
  '\u202eright to left',
  'e\u0301 and é',
  'ﬀ İ ı ß ẞ',
  '\ufeffmark',
  '\ud800 half a pair',
  '__proto__',
  'constructor',
  'null',
  '-1',
  '9007199254740992',
  ' ',
  ' padded ',
  '.',
  '..',
  '',
] as const

/** Numbers beside every limit, and beyond what a number can be. */
const NUMBERS = [-1, 0, 1, 1.5, -0.5, 1e-9, 2 ** 31, 2 ** 53, -(2 ** 53), 1e308]
/** Longest list made: a thousand lines say no more than five, and take longer. */
const ITEMS_MOST = 5
const OFTEN = 8

/** Known values for a field: ids of things that exist. */
export type Known = (field: string) => readonly unknown[]

export function fits(schema: JsonSchema, text: string): boolean {
  const length = [...text].length
  if (length < (schema.minLength ?? 0) || length > (schema.maxLength ?? 1_000)) return false
  return schema.pattern === undefined || new RegExp(schema.pattern, 'u').test(text)
}

/** A value that fits. Fields known by name are mostly filled with what exists. */
export function fitting(schema: JsonSchema, known: Known, field = ''): fc.Arbitrary<unknown> {
  const made = fresh(schema, known, field)
  const existing = known(field)
  if (existing.length === 0) return made
  return fc.oneof({ weight: OFTEN, arbitrary: fc.constantFrom(...existing) }, { weight: 1, arbitrary: made })
}

function fresh(schema: JsonSchema, known: Known, field: string): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const)
  if (schema.enum) return fc.constantFrom(...schema.enum)
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map(one => fitting(one, known, field)))
  switch (schema.type) {
    case 'string':
      return textOf(schema)
    case 'integer': {
      const [min, max] = [schema.minimum ?? 0, schema.maximum ?? Number.MAX_SAFE_INTEGER]
      const edges = fc.constantFrom(...[min, max, 1, 2, 100].filter(n => n >= min && n <= max))
      return fc.oneof({ weight: 3, arbitrary: edges }, { weight: 1, arbitrary: fc.integer({ min, max }) })
    }
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    case 'array':
      return fc.array(fitting(schema.items ?? {}, known, field), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.min(schema.maxItems ?? ITEMS_MOST, ITEMS_MOST),
      })
    case 'object':
      return objectOf(schema, known)
    default:
      throw new Error(`no values are made for ${JSON.stringify(schema)}`)
  }
}

/** With some of the fields that may be left out, with one, or with none of them. */
function objectOf(schema: JsonSchema, known: Known): fc.Arbitrary<Record<string, unknown>> {
  const requiredKeys = [...(schema.required ?? [])]
  const fields = Object.fromEntries(
    Object.entries(schema.properties ?? {}).map(([name, one]) => [name, fitting(one, known, name)] as const),
  )
  const optional = Object.keys(fields).filter(name => !requiredKeys.includes(name))
  const only = (names: readonly string[]) =>
    fc.record(Object.fromEntries(names.map(name => [name, fields[name]!])))
  const oneMore = optional.map(name => only([...requiredKeys, name]))
  const least = only(requiredKeys)
  return fc.oneof(
    fc.record(fields, { requiredKeys }),
    least,
    oneMore.length > 0 ? fc.oneof(...oneMore) : least,
  )
}

function textOf(schema: JsonSchema): fc.Arbitrary<string> {
  const longest = schema.maxLength ?? 100
  const candidates = [
    ...NASTY,
    ...['x', '🧦', "'", '\\'].map(one => one.repeat(longest)),
    'somebody@example.org',
    '2010-12-01',
    '9999-99-99',
    'tok_ok',
    'tok_declined',
    'order.relay',
    'a'.repeat(43),
    'f'.repeat(64),
  ].filter(text => fits(schema, text))
  const generated =
    schema.pattern === undefined
      ? fc.string({ minLength: schema.minLength ?? 0, maxLength: longest, unit: 'binary' })
      : fc.stringMatching(new RegExp(schema.pattern, 'u')).filter(text => fits(schema, text))
  // A pattern together with a fixed length is met by chance too seldom to wait for.
  if (schema.minLength !== undefined && schema.minLength > 16) return fc.constantFrom(...candidates)
  const chosen = candidates.length > 0 ? [{ weight: 2, arbitrary: fc.constantFrom(...candidates) }] : []
  return fc.oneof(...chosen, { weight: 1, arbitrary: generated })
}

/** A value of which one thing does not fit, mostly: wrong types, limits passed, fields too many or too few. */
export function nearly(schema: JsonSchema, known: Known): fc.Arbitrary<Record<string, unknown>> {
  const names = Object.keys(schema.properties ?? {})
  const wrong = fc.oneof(
    fc.constantFrom<unknown>(...NUMBERS, ...NUMBERS.map(String)),
    fc.constantFrom<unknown>(...NASTY),
    fc.constantFrom<unknown>(null, true, [], {}, [[]], [null], { $gt: '' }, 'x'.repeat(5_000)),
  )
  const spoilt = fc.tuple(objectOf(schema, known), fc.constantFrom('unknownField', ...names), wrong)
  return spoilt.map(([value, name, bad]) => ({ ...value, [name]: bad }))
}

/** A value of the whole input that fits. */
export const fittingInput = (schema: JsonSchema, known: Known): fc.Arbitrary<Record<string, unknown>> =>
  objectOf(schema, known)
