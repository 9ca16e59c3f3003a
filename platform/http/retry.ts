// Asking again: bounded, with jitter, no sooner than the server wants it. Only for whoever asks for it, as retries
// belong to one layer; and always with the same key, so that nothing happens twice.

import type { Refusal } from '../contract/result.ts'
import { HttpError } from './http-error.ts'

export interface RetryPolicy {
  /** Attempts in all, the first included. */
  readonly attempts: number
  /** First pause, ms; it doubles. */
  readonly firstPause: number
  /** Longest pause, ms. Above what Retry-After asks for, or that wish is not kept but the retrying ends. */
  readonly longestPause: number
  /** Waits; tests hand in one that does not. */
  readonly wait?: (ms: number) => Promise<void>
  /** 0 to 1; tests hand in a known one. */
  readonly random?: () => number
}

interface Refusable {
  readonly ok: boolean
  readonly refusal?: Refusal
  readonly status: number
}

/** Codes that may say "not now" although their status is not 429 or 503; of the second, where it says when to come again. */
const LATER: Readonly<Record<string, 'always' | 'with a time'>> = {
  request_in_flight: 'always',
  payment_open: 'with a time',
}

/** True: the same request may be answered in another way in a moment. */
export function saysLater(status: number, { code, retryAfter }: Refusal): boolean {
  if (status === 429 || status === 503) return true
  const later = LATER[code]
  return later === 'always' || (later === 'with a time' && retryAfter !== undefined)
}

/** Runs `once` until it is decided or the attempts are used up; the last outcome counts. */
export async function backoff<T extends Refusable>(policy: RetryPolicy, once: () => Promise<T>): Promise<T> {
  const { attempts, longestPause, wait = sleep, random = Math.random } = policy
  for (let attempt = 1; ; attempt++) {
    let outcome: T | HttpError
    try {
      outcome = await once()
    } catch (error) {
      if (!(error instanceof HttpError)) throw error
      outcome = error
    }
    const asked = askedToWait(outcome)
    if (asked === null || attempt >= attempts || asked > longestPause) {
      if (outcome instanceof HttpError) throw outcome
      return outcome
    }
    await wait(
      Math.min(longestPause, asked + pauseBefore(attempt, policy.firstPause, longestPause, random())),
    )
  }
}

/** Null: decided. Otherwise the least wait, ms. */
function askedToWait(outcome: Refusable | HttpError): number | null {
  // A page of a proxy's with 5xx may pass; any other stranger's answer will be the same next time.
  if (outcome instanceof HttpError)
    return outcome.trouble !== 'answer' || (outcome.status ?? 0) >= 500 ? 0 : null
  const { ok, refusal, status } = outcome
  if (ok || refusal === undefined) return null
  if (!saysLater(status, refusal)) return null
  return (refusal.retryAfter ?? 0) * 1000
}

/** Full jitter: anything up to the doubled pause, so that many clients part. */
function pauseBefore(attempt: number, first: number, longest: number, random: number): number {
  return Math.min(longest, first * 2 ** (attempt - 1)) * random
}

const sleep = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))
