// One call of a messaging service, and what its answer means. What a status means is the same with all of them: 2xx done, 408,
// 429 and 5xx later, any other never.

import { type Posted, PostFailed, post } from '../../../platform/http/post.ts'
import { clip } from '../clip.ts'
import { DELIVERED, type Outcome } from './channel.ts'
import { retryAfterMs } from './retry-after.ts'
import type { Secret } from './secret.ts'

/**
 * Longest time for one call, ms: these services answer within one second, and ten leave room for a bad day of theirs. An
 * emergency goes to the next channel after a few of them.
 */
export const CALL_MS = 10_000
/** Characters of a service's own words that are kept as the reason. */
const WHY_MOST = 300

export interface ServiceCall {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly signal: AbortSignal
  /** Longest time, ms; `CALL_MS` unless told. */
  readonly most: number
  /** Not to be shown in any reason. */
  readonly secrets: readonly Secret[]
  /** Epoch ms. */
  readonly clock: () => number
  /** What is wrong with an answer of 2xx, or null. Absent: nothing. */
  readonly fault?: (text: string) => string | null
}

export async function callService(call: ServiceCall): Promise<Outcome> {
  const { url, headers, body, signal, most, clock, fault } = call
  let answer: Posted
  try {
    answer = await post({ url, headers, body, most, signal })
  } catch (error) {
    if (!(error instanceof PostFailed)) throw error
    const { message, mayHaveArrived } = error
    return { is: 'later', after: null, why: shown(message, call), mayHaveArrived, all: false }
  }
  const { status, text } = answer
  if (status >= 200 && status < 300) {
    const wrong = fault?.(text) ?? null
    return wrong === null ? DELIVERED : { is: 'refused', why: shown(wrong, call) }
  }
  const why = shown(`answered ${status}${text.trim() === '' ? '' : `: ${text.trim()}`}`, call)
  if (status !== 408 && status !== 429 && status < 500) return { is: 'refused', why }
  const after = retryAfterMs(answer.headers['retry-after'], clock())
  // Too many calls are refused before anything is taken, and so is one to a service that is closed; others may fail after it.
  const mayHaveArrived = status !== 429 && status !== 503
  return { is: 'later', after, why, mayHaveArrived, all: status === 429 || after !== null }
}

/** A service may repeat what it was sent. */
function shown(text: string, { secrets }: ServiceCall): string {
  const hidden = secrets.reduce((left, secret) => secret.hideIn(left), text)
  return clip(hidden.replace(/\s+/g, ' '), WHY_MOST)
}
