// Expected failures are values. A broken invariant is an exception and stops the operation.

import type { RefusalCode } from './catalogue.ts'

/** A right "no", or a "not now": its code stands in the catalogue with status, title and advice. */
export interface Refusal {
  readonly code: RefusalCode
  /** One sentence for a person, about this very request. */
  readonly detail: string
  /** More members of the problem document, such as `{ expectedTotal: 1250 }`. */
  readonly fields?: Readonly<Record<string, unknown>>
  /** Seconds for Retry-After. */
  readonly retryAfter?: number
}

export interface Success<T> {
  readonly ok: true
  readonly value: T
  /** `value` as JSON text where it was made already (stored with the key), so that it is made once. */
  readonly json?: string
  /** Seconds since it was true, at most; absent: it is as fresh as declared. Over HTTP the header Age. */
  readonly age?: number
  /** It is not done yet: queued where it cannot be lost, and to be decided. Over HTTP the status is 202 then. */
  readonly accepted?: true
}

export interface Refused {
  readonly ok: false
  readonly refusal: Refusal
}

export type Result<T> = Success<T> | Refused

export function ok<T>(value: T): Success<T> {
  return { ok: true, value }
}

export function refuse(
  code: RefusalCode,
  detail: string,
  more: { fields?: Readonly<Record<string, unknown>>; retryAfter?: number } = {},
): Refused {
  return { ok: false, refusal: { code, detail, ...more } }
}

/** A broken invariant: a bug or a damaged ledger. Never caught to be answered politely. */
export class InvariantBroken extends Error {
  override readonly name = 'InvariantBroken'
}

export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantBroken(message)
}
