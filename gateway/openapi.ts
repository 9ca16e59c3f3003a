// The OpenAPI 3.1 document, from the contracts and the catalogue alone: what it says is what is checked.

import { catalogue, type RefusalCode } from '../platform/contract/catalogue.ts'
import type { Contract, HttpBinding, Operation } from '../platform/contract/operation.ts'
import { problem } from './problem.ts'
import { pathFieldsOf } from './read-input.ts'

interface Described {
  readonly name: string
  readonly contract: Contract
}

type Json = Readonly<Record<string, unknown>>

/** What the gateway itself may answer to anything. */
const ALWAYS: readonly RefusalCode[] = [
  'invalid_request',
  'unauthenticated',
  'rate_limited',
  'overloaded',
  'deadline_exceeded',
  'shutting_down',
  'ledger_unavailable',
  'internal_error',
]
const WITH_BODY: readonly RefusalCode[] = ['malformed_body', 'body_too_large', 'unsupported_media_type']
const WITH_KEY: readonly RefusalCode[] = [
  'idempotency_key_required',
  'idempotency_key_reused',
  'request_in_flight',
  'outcome_unknown',
]

const DESCRIPTION = `The shop's API. Amounts are integers in minor units of the currency, times are integers in
milliseconds since 1970-01-01T00:00:00Z. What changes something wants an \`Idempotency-Key\`: repeated with the same
key, it gets the first answer and happens once. Errors are problem documents (RFC 9457) whose \`code\` is for
programs. \`x-deadline-ms\` says how long the caller waits; \`x-request-id\` names the request in answer and log.`

/** The whole document. `version` is that of the API's implementation. */
export function openApiDocument(modules: readonly Described[], version: string): Json {
  const paths: Record<string, Record<string, unknown>> = {}
  const refusals = new Refusals()
  for (const { name, contract } of modules) {
    for (const [operationName, operation] of Object.entries(contract)) {
      const { http } = operation
      if (!http) continue
      const path = `/v1${http.path}`.replace(/:([A-Za-z0-9_]+)/g, '{$1}')
      paths[path] ??= {}
      const described = describe(name, operationName, operation, http, refusals)
      paths[path][http.method.toLowerCase()] = described
      if (http.stream) paths[path + http.stream.path] = { get: asStream(described, operationName, operation) }
    }
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Levee',
      version,
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: modules.map(({ name }) => ({ name })),
    paths,
    components: {
      schemas: { Problem: problemSchema },
      responses: Object.fromEntries(refusals.shared),
      headers,
      securitySchemes,
    },
  }
}

function describe(
  module: string,
  name: string,
  operation: Operation,
  http: HttpBinding,
  refusals: Refusals,
): Json {
  const open = operation.access.includes('public')
  return {
    operationId: name,
    tags: [module],
    summary: operation.summary,
    description: `For: ${operation.access.join(', ')}.`,
    // An empty requirement: no identity is needed, one may be given.
    security: [...(open ? [{}] : []), ...schemesFor(operation)],
    parameters: parametersOf(operation, http),
    ...bodyOf(operation, http),
    responses: {
      [http.status]: successOf(operation, http.status),
      ...(http.mayAccept ? { 202: successOf(operation, 202) } : {}),
      ...refusals.of(codesOf(operation, http)),
    },
  }
}

/** The same operation, watched. */
function asStream(described: Json, name: string, { summary, output, http }: Operation): Json {
  const { field, goesOn } = http!.stream!
  const description = `Server-sent events: \`event: state\` with the answer as JSON in \`data\`, at once and whenever it has
changed, until \`${field}\` is not ${goesOn.map(each => `\`${each}\``).join(' or ')} any more. Lines that begin with a colon only keep the
connection. It also ends after a minute, or when the process stops: ask again, and begin with the newest state.`
  const success = {
    description: 'The states, one after the other',
    headers: requestIdHeader,
    content: { 'text/event-stream': { schema: { type: 'string', contentSchema: output } } },
  }
  return {
    ...described,
    operationId: `${name}Stream`,
    summary: `${summary}: as it changes`,
    description,
    responses: { ...(described.responses as Json), 200: success },
  }
}

function schemesFor({ access }: Operation): Json[] {
  const guest = access.includes('public') || access.includes('guest')
  const channel = guest || access.includes('channel')
  const session = guest || access.some(one => one !== 'channel')
  return [
    ...(session ? [{ session: [] }] : []),
    ...(guest ? [{ guest: [] }] : []),
    ...(channel ? [{ channel: [] }] : []),
  ]
}

function fieldsOf({ input }: Operation): { properties: Record<string, Json>; required: readonly string[] } {
  const { properties = {}, required = [] } = input as unknown as {
    properties?: Record<string, Json>
    required?: readonly string[]
  }
  return { properties, required }
}

const inQuery = ({ method }: HttpBinding): boolean => method === 'GET' || method === 'DELETE'

function parametersOf(operation: Operation, http: HttpBinding): Json[] {
  const { properties, required } = fieldsOf(operation)
  const inPath = pathFieldsOf(http.path)
  const path = inPath.map(name => ({ name, in: 'path', required: true, schema: properties[name] }))
  const rest = Object.keys(properties).filter(name => !inPath.includes(name))
  const query = rest.map(name => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema: properties[name],
  }))
  const key = operation.idempotency === 'key' ? [keyParameter] : []
  return [...path, ...(inQuery(http) ? query : []), ...key, deadlineParameter]
}

function bodyOf(operation: Operation, http: HttpBinding): Json {
  if (inQuery(http)) return {}
  const { properties, required } = fieldsOf(operation)
  const inPath = pathFieldsOf(http.path)
  const rest = Object.entries(properties).filter(([name]) => !inPath.includes(name))
  if (rest.length === 0) return {}
  const needed = required.filter(name => !inPath.includes(name))
  const schema = {
    type: 'object',
    properties: Object.fromEntries(rest),
    ...(needed.length > 0 ? { required: needed } : {}),
    additionalProperties: false,
  }
  return { requestBody: { required: needed.length > 0, content: { 'application/json': { schema } } } }
}

const requestIdHeader = { 'x-request-id': { $ref: '#/components/headers/RequestId' } }

function successOf({ output }: Operation, status: HttpBinding['status']): Json {
  if (status === 204) return { description: 'Done', headers: requestIdHeader }
  const description = { 200: 'Done', 201: 'Made', 202: 'Accepted; not done yet' }[status]
  return { description, headers: requestIdHeader, content: { 'application/json': { schema: output } } }
}

/** Every code the operation may answer, grouped by status. */
export function codesOf(operation: Operation, http: HttpBinding): RefusalCode[] {
  const codes = new Set<RefusalCode>([...ALWAYS, ...operation.refusals])
  if (!operation.access.includes('public')) codes.add('forbidden')
  if (http.method !== 'GET') codes.add('read_only')
  if (!inQuery(http)) for (const code of WITH_BODY) codes.add(code)
  if (operation.idempotency === 'key') for (const code of WITH_KEY) codes.add(code)
  return [...codes]
}

/** Most operations can be refused for the same reasons, so each set of codes of one status is written once. */
class Refusals {
  readonly shared = new Map<string, Json>()

  /** The refusals of one operation, by status. */
  of(codes: readonly RefusalCode[]): Json {
    const byStatus = new Map<number, RefusalCode[]>()
    for (const code of codes) {
      const { status } = catalogue[code]
      byStatus.set(status, [...(byStatus.get(status) ?? []), code])
    }
    return Object.fromEntries([...byStatus].map(([status, group]) => [status, this.reference(status, group)]))
  }

  private reference(status: number, codes: readonly RefusalCode[]): Json {
    const name = codes.join('.')
    if (!this.shared.has(name)) this.shared.set(name, refusal(status, codes))
    return { $ref: `#/components/responses/${name}` }
  }
}

function refusal(status: number, codes: readonly RefusalCode[]): Json {
  const retries = status === 429 || status === 503
  const schema = {
    allOf: [{ $ref: '#/components/schemas/Problem' }, { properties: { code: { enum: codes } } }],
  }
  const examples = Object.fromEntries(codes.map(code => [code, { value: exampleOf(code) }]))
  return {
    description: codes.map(code => `\`${code}\`: ${catalogue[code].title}`).join('; '),
    headers: {
      'x-request-id': { $ref: '#/components/headers/RequestId' },
      ...(retries ? { 'Retry-After': { $ref: '#/components/headers/RetryAfter' } } : {}),
    },
    content: { 'application/problem+json': { schema, examples } },
  }
}

function exampleOf(code: RefusalCode): unknown {
  const { title } = catalogue[code]
  return JSON.parse(problem({ code, detail: `${title}.` }, 'q7Zk2p4x.1'))
}

const problemSchema = {
  type: 'object',
  description: 'RFC 9457. `code` is for programs, `detail` for people; some codes bring more members.',
  required: ['type', 'title', 'status', 'code', 'advice', 'detail', 'requestId'],
  properties: {
    type: { type: 'string', format: 'uri' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', enum: Object.keys(catalogue) },
    advice: { type: 'string', description: 'What the caller can do about it' },
    detail: { type: 'string' },
    requestId: { type: 'string' },
    errors: {
      type: 'array',
      description: 'Only with `invalid_request`: each field that does not fit',
      items: {
        type: 'object',
        required: ['path', 'message'],
        properties: { path: { type: 'string' }, message: { type: 'string' } },
      },
    },
  },
}

const headers = {
  RequestId: { description: 'Name of this request in the log', schema: { type: 'string' } },
  RetryAfter: { description: 'Seconds to wait', schema: { type: 'integer', minimum: 1 } },
}

const keyParameter = {
  name: 'Idempotency-Key',
  in: 'header',
  required: true,
  description: 'Fresh and random for each intended action; the same again for a repeat of it',
  schema: { type: 'string', minLength: 8, maxLength: 128, pattern: '^[\\x21-\\x7e]+$' },
  example: '6f1c2f0e-5d0a-4c55-9a59-4d2c7b8f0a11',
}

const deadlineParameter = {
  name: 'x-deadline-ms',
  in: 'header',
  required: false,
  description: 'How long the caller waits, ms; at most `http.requestTimeout`, which is also the default',
  schema: { type: 'integer', minimum: 1, maximum: 999_999_999 },
}

const inAuthorization = (description: string): Json => ({
  type: 'apiKey',
  in: 'header',
  name: 'Authorization',
  description,
})

const securitySchemes = {
  session: { type: 'http', scheme: 'bearer', description: 'The token that signing in answers' },
  guest: inAuthorization(
    '`Guest <secret>`: 16 to 128 of A–Z a–z 0–9 _ -, made by the client; who knows it, owns what it made',
  ),
  channel: inAuthorization('`Channel <key>`: a sales channel, with the key it was issued'),
}
