// Refusals as RFC 9457 problem documents, written by hand: refusing is what a shop does most in a rush.

import { catalogue, type RefusalCode } from '../platform/contract/catalogue.ts'
import type { Refusal } from '../platform/contract/result.ts'

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8'

/** What every problem of one code begins with; made once. */
const opening = Object.fromEntries(
  Object.entries(catalogue).map(([code, { status, title, advice }]) => {
    const fixed = { type: problemUri(code), title, status, code, advice }
    return [code, `${JSON.stringify(fixed).slice(0, -1)},"detail":`]
  }),
) as Record<RefusalCode, string>

/** Members that a refusal's own fields cannot overwrite. */
const RESERVED = new Set(['type', 'title', 'status', 'code', 'advice', 'detail', 'requestId', 'instance'])

export function problemUri(code: string): string {
  return `https://levee.invalid/problems/${code}`
}

/** The problem document as JSON text. */
export function problem(refusal: Refusal, requestId: string): string {
  let text = `${opening[refusal.code]}${JSON.stringify(refusal.detail)},"requestId":${JSON.stringify(requestId)}`
  if (refusal.fields) {
    for (const [name, value] of Object.entries(refusal.fields)) {
      const json = RESERVED.has(name) ? undefined : JSON.stringify(value)
      if (json !== undefined) text += `,${JSON.stringify(name)}:${json}`
    }
  }
  return `${text}}`
}

export function statusOf(code: RefusalCode): number {
  return catalogue[code].status
}
