// Asking until there is an answer: through broken connections, "not now" and a shop that is killed and started again.
// The one layer that retries here; what is asked carries the same key each time, so nothing happens twice.

import type { Refusal } from '../../platform/contract/result.ts'
import { HttpError } from '../../platform/http/http-error.ts'
import { saysLater } from '../../platform/http/retry.ts'

/** Nobody heard anything of the shop for as long as was to be waited. */
export class ShopAway extends Error {
  override readonly name = 'ShopAway'
}

export interface PersistOptions {
  /** How long to go on while nobody gets an answer, ms. */
  readonly patience: number
  /** Epoch ms. */
  readonly now?: () => number
  readonly wait?: (ms: number) => Promise<void>
  /** 0 to 1. */
  readonly random?: () => number
}

export type Answer<T> = { readonly status: number } & (
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly refusal: Refusal }
)

export type Persist = <T>(
  ask: () => Promise<Answer<T>>,
  /** False: what was asked for is still under way, so it is asked again. */
  isDone?: (value: T) => boolean,
) => Promise<Answer<T>>

/** First pause and longest, ms: a shop that restarts is back within a second or two. */
const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 1_000

/** All who ask through one `Persist` share its patience: while one is answered, the shop is not away. */
export function createPersist(options: PersistOptions): Persist {
  const { patience, now = Date.now, wait = sleep, random = Math.random } = options
  let heardAt = now()

  return async (ask, isDone = () => true) => {
    const begun = now()
    for (let attempt = 1; ; attempt++) {
      const outcome = await ask().catch(unlessLasting)
      const least = leastPause(outcome)
      const undecided = least === null && 'ok' in outcome && outcome.ok && !isDone(outcome.value)
      if (least === null && 'ok' in outcome) {
        heardAt = now()
        // Still under way after all that patience: whoever asked has to judge that.
        if (!undecided || now() - begun > patience) return outcome
      }
      const pause = Math.max(least ?? 0, pauseBefore(attempt, random()))
      // Waiting for what cannot come in time helps nobody.
      if (!undecided && now() + pause - Math.max(heardAt, begun) > patience) throw away(outcome)
      await wait(pause)
    }
  }
}

/** Only a stranger's answer (some other server at this address) will be the same next time. */
function unlessLasting(error: unknown): HttpError {
  if (!(error instanceof HttpError)) throw error
  if (error.trouble === 'answer' && (error.status ?? 0) < 500) throw error
  return error
}

/** Null: this is an answer. Otherwise the least pause before asking again, ms. */
function leastPause(outcome: Answer<unknown> | HttpError): number | null {
  if (outcome instanceof HttpError) return 0
  if (outcome.ok) return null
  const { status, refusal } = outcome
  if (!saysLater(status, refusal)) return null
  return (refusal.retryAfter ?? 0) * 1_000
}

/** Full jitter: anything up to the doubled pause, so that many customers part. */
function pauseBefore(attempt: number, random: number): number {
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(attempt - 1, 10)) * random
}

function away(outcome: Answer<unknown> | HttpError): ShopAway {
  if (outcome instanceof HttpError) return new ShopAway(outcome.message, { cause: outcome })
  const why = outcome.ok ? 'it is still at it' : `${outcome.refusal.code}: ${outcome.refusal.detail}`
  return new ShopAway(why)
}

const sleep = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))
