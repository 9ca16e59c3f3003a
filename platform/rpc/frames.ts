// How calls and answers look between services. A request is one JSON array of calls; answers are lines of JSON, each
// as soon as it is known. A value that is JSON text already stays text: it is neither parsed nor written again.

import type { Call, Principal } from '../contract/call.ts'
import type { Result } from '../contract/result.ts'
import type { Broken } from './failures.ts'

/** Longest time that a call may have left, ms: none takes longer, and no number is too big for the other side. */
const REMAINING_MOST_MS = 600_000

/** One call as it arrives: number, ms left, door, operation, request id, principal, key, address, input. */
export type CallFrame = readonly [
  id: number,
  remaining: number,
  door: string,
  operation: string,
  requestId: string,
  principal: Principal,
  idempotency: Call['idempotency'],
  address: string | null,
  input: unknown,
]

/** A principal is one object for as long as its identity is remembered. */
const principals = new WeakMap<Principal, string>()

function principalText(principal: Principal): string {
  let text = principals.get(principal)
  if (text === undefined) {
    text = JSON.stringify(principal)
    principals.set(principal, text)
  }
  return text
}

/** What of a call is known before it is sent: all but its number and the time left. `head`: see `frameHead`. */
export function frameBody(head: string, call: Call, input: unknown): string {
  const { idempotency, address } = call
  const key = idempotency === null ? 'null' : JSON.stringify(idempotency)
  const from = address === undefined ? 'null' : JSON.stringify(address)
  // Nothing is not null: an operation without input gets none.
  const given = input === undefined ? '' : `,${JSON.stringify(input)}`
  return `${head}${JSON.stringify(call.requestId)},${principalText(call.principal)},${key},${from}${given}]`
}

export const frameHead = (door: string, operation: string): string =>
  `${JSON.stringify(door)},${JSON.stringify(operation)},`

export function frame(id: number, deadline: number, now: number, body: string): string {
  const remaining = Math.max(0, Math.min(REMAINING_MOST_MS, Math.round(deadline - now)))
  return `[${id},${remaining},${body}`
}

/** The call of a frame; its deadline is by this machine's clock. */
export function callOf(frame: CallFrame, now: number): Call {
  const [, remaining, , , requestId, principal, idempotency, address] = frame
  const call = { principal, requestId, deadline: now + remaining, idempotency }
  return address === null ? call : { ...call, address }
}

const START = '{"id":'
const VALUE = ',"value":'
const MORE = ',"more":'

/** One line, without its end. */
export function answerLine(id: number, result: Result<unknown>): string {
  if (!result.ok) return `${START}${id},"refused":${JSON.stringify(result)}}`
  const { ok: _ok, value, json, ...more } = result
  const rest = hasAny(more) ? `${MORE}${JSON.stringify(more)}` : ''
  // A line is a line: JSON of ours has no line break, but nobody promises that it is ours.
  const text = json !== undefined && !json.includes('\n') ? json : JSON.stringify(value)
  return text === undefined ? `${START}${id}${rest},"nothing":true}` : `${START}${id}${rest}${VALUE}${text}}`
}

export const brokenLine = (id: number, broken: Broken): string => `${START}${id},"broken":"${broken}"}`

export type Answer =
  | { readonly id: number; readonly json: string; readonly more: object | null }
  | { readonly id: number; readonly result: Result<unknown> }
  | { readonly id: number; readonly broken: Broken }

/** @throws SyntaxError for what is no answer */
export function readAnswer(line: string): Answer {
  const comma = line.indexOf(',', START.length)
  if (line.startsWith(VALUE, comma)) {
    const json = line.slice(comma + VALUE.length, -1)
    return { id: Number(line.slice(START.length, comma)), json, more: null }
  }
  return (line.startsWith(MORE, comma) && readMore(line, comma)) || readWhole(line)
}

/** Null where the first "value" is one inside of `more`. */
function readMore(line: string, comma: number): Answer | null {
  const at = line.indexOf(VALUE, comma)
  if (at < 0) return null
  try {
    const more = JSON.parse(line.slice(comma + MORE.length, at)) as object
    return { id: Number(line.slice(START.length, comma)), json: line.slice(at + VALUE.length, -1), more }
  } catch {
    return null
  }
}

interface WholeAnswer {
  readonly id: number
  readonly refused?: Result<unknown>
  readonly broken?: Broken
  readonly more?: object
  readonly value?: unknown
}

function readWhole(line: string): Answer {
  const { id, refused, broken, more, value } = JSON.parse(line) as WholeAnswer
  if (broken !== undefined) return { id, broken }
  return { id, result: refused ?? { ok: true, value, ...more } }
}

function hasAny(object: object): boolean {
  for (const _ in object) return true
  return false
}
