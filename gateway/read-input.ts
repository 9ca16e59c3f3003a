// One flat input from path, query and body, checked against the operation's schema. Bodies are never coerced;
// path and query are text by nature, so there numbers and booleans are read as such.

import secureJson from 'secure-json-parse'
import { Compile } from 'typebox/compile'
import type { Operation } from '../platform/contract/operation.ts'
import { type Refused, refuse } from '../platform/contract/result.ts'

export type Fields = Record<string, unknown>
/** Text of the body as it came, or undefined where there was none. */
export type InputReader = (params: Fields, query: Fields, body: string | undefined) => Read
export type Read = { readonly ok: true; readonly value: Fields } | Refused

interface JsonSchema {
  readonly type?: string
  readonly const?: unknown
  readonly anyOf?: readonly JsonSchema[]
  readonly items?: JsonSchema
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly default?: unknown
}

interface SchemaError {
  readonly keyword: string
  readonly instancePath: string
  readonly message: string
  readonly params: object
}

/** Mistakes told at once: enough to mend a form, too few to be a document. */
const ERRORS_MOST = 8

/** Resolves everything about an operation's input ahead of the first request. */
export function inputReader(operation: Operation): InputReader {
  const { http, input } = operation
  if (!http) throw new Error('only operations with an HTTP binding have an input to read')
  const properties = (input as unknown as JsonSchema).properties ?? {}
  const pathFields = pathFieldsOf(http.path)
  const unknownParts = pathFields.filter(name => !(name in properties))
  if (unknownParts.length > 0) throw new Error(`${http.path}: ${unknownParts} is no field of the input`)
  const defaults = Object.entries(properties).filter(([, schema]) => schema.default !== undefined)
  const checker = Compile(input)

  const finish = (fields: Fields, params: Fields): Read => {
    for (const name of pathFields) {
      if (Object.hasOwn(fields, name))
        return invalid([{ path: `/${name}`, message: 'belongs in the path only' }])
      fields[name] = fromText(properties[name] as JsonSchema, params[name])
    }
    for (const [name, schema] of defaults) fields[name] ??= schema.default
    return checker.Check(fields) ? { ok: true, value: fields } : invalid(explain(checker.Errors(fields)))
  }

  if (http.method === 'GET' || http.method === 'DELETE') {
    return (params, query, body) => {
      if (body !== undefined) return invalid([{ path: '', message: `${http.method} takes no body` }])
      const fields: Fields = {}
      for (const name in query) {
        const schema = Object.hasOwn(properties, name) ? properties[name] : undefined
        if (schema === undefined) return invalid([{ path: `/${name}`, message: 'is not a known field' }])
        fields[name] = fromText(schema, query[name])
      }
      return finish(fields, params)
    }
  }
  return (params, query, body) => {
    for (const name in query) return invalid([{ path: `/${name}`, message: 'belongs in the body' }])
    let fields: unknown = {}
    if (body !== undefined) {
      try {
        // Refuses __proto__ and constructor.prototype; of a name given twice the last one counts.
        fields = secureJson.parse(body)
      } catch (error) {
        return refuse('malformed_body', `The body cannot be read: ${(error as Error).message.slice(0, 200)}.`)
      }
    }
    if (typeof fields !== 'object' || fields === null || Array.isArray(fields))
      return invalid([{ path: '', message: 'must be an object' }])
    if (body !== undefined && HALF_ESCAPED.test(body) && !isWhole(fields))
      return refuse('malformed_body', 'The body holds half of a character: a surrogate without its pair.')
    return finish(fields as Fields, params)
  }
}

/** Bodies are decoded from UTF-8, which has no halves of characters: only an escape can make one. */
const HALF_ESCAPED = /\\u[dD][89a-fA-F]/

/** Whether every text is one that UTF-8 can hold. A half would be stored as another character than was answered. */
function isWhole(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed()
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([name, inner]) => name.isWellFormed() && isWhole(inner))
}

/** The names written `:name` in a path. */
export function pathFieldsOf(path: string): string[] {
  return [...path.matchAll(/:([A-Za-z0-9_]+)/g)].map(match => match[1]!)
}

const INTEGER = /^-?\d{1,16}$/
const NUMBER = /^-?\d{1,16}(\.\d{1,16})?$/

/** Text as its schema means it; what does not fit stays as it is, and is refused by the check. */
function fromText(schema: JsonSchema, value: unknown): unknown {
  if (schema.type === 'array') {
    const items = Array.isArray(value) ? value : [value]
    return schema.items ? items.map(item => fromText(schema.items as JsonSchema, item)) : items
  }
  if (typeof value !== 'string') return value
  if (schema.anyOf) return fromTextOfAny(schema.anyOf, value)
  if (schema.type === 'integer') return INTEGER.test(value) ? Number(value) : value
  if (schema.type === 'number') return NUMBER.test(value) ? Number(value) : value
  if (schema.type === 'boolean') return value === 'true' ? true : value === 'false' ? false : value
  return value
}

/** Text stays text wherever one of the choices is text. */
function fromTextOfAny(choices: readonly JsonSchema[], value: string): unknown {
  if (choices.some(choice => choice.type === 'string' && (choice.const ?? value) === value)) return value
  for (const choice of choices) {
    const read = fromText(choice, value)
    if (read !== value) return read
  }
  return value
}

function invalid(errors: readonly { path: string; message: string }[]): Refused {
  const [first] = errors
  const detail = first ? `${first.path || 'The request'} ${first.message}.` : 'The request does not fit.'
  return refuse('invalid_request', detail.slice(0, 300), { fields: { errors } })
}

/** The checker's errors as places and sentences; values are not repeated, they may be secrets. */
function explain(errors: readonly SchemaError[]): { path: string; message: string }[] {
  const told: { path: string; message: string }[] = []
  for (const { keyword, instancePath, message, params } of errors) {
    // Said by the `boolean` error at each unknown field itself.
    if (keyword === 'additionalProperties') continue
    if (keyword === 'boolean') told.push({ path: instancePath, message: 'is not a known field' })
    else if (keyword === 'required') {
      const { requiredProperties } = params as { requiredProperties: readonly string[] }
      for (const name of requiredProperties)
        told.push({ path: `${instancePath}/${name}`, message: 'is required' })
    } else told.push({ path: instancePath, message })
  }
  return told.slice(0, ERRORS_MOST)
}
