// What becomes of a mail, decided without I/O.

import type { MailRow } from './tables.ts'

export const URGENT = 0
export const NEWS = 1
export const PRIORITIES = [URGENT, NEWS] as const

/** Tries of one mail. With the pauses below the last is some seven hours after the first: a night's outage. */
export const ATTEMPTS_MOST = 8
/** Pause after the first failure, ms; four times as long after each further one, up to the second. */
const FIRST_PAUSE_MS = 30_000
const LONGEST_PAUSE_MS = 2 * 3_600_000
/** A mail that was due for this long and never reached says nothing new any more, ms: three days. */
export const QUEUED_MOST_MS = 3 * 86_400_000

/** Pause after failure number `attempts` (from 1), ms; `random` from 0 to 1 spreads those that failed together. */
export function retryPause(attempts: number, random: number): number {
  return Math.round(Math.min(FIRST_PAUSE_MS * 4 ** (attempts - 1), LONGEST_PAUSE_MS) * (0.75 + random / 2))
}

export interface Attempt {
  readonly mail: Pick<MailRow, 'mail_id' | 'attempts' | 'data'>
  /** Null: sent. */
  readonly failure: { readonly cause: string; readonly final: boolean } | null
}

/** The row after an attempt at `now`. Its `attempts` counts this one already. */
export function afterAttempt(
  { mail, failure }: Attempt,
  now: number,
  random: number,
): Pick<MailRow, 'state' | 'next_at' | 'cause' | 'data'> {
  if (failure === null) return { state: 'sent', next_at: now, cause: null, data: '' }
  const { cause, final } = failure
  if (final || mail.attempts >= ATTEMPTS_MOST)
    return { state: 'failed', next_at: now, cause, data: mail.data }
  return { state: 'queued', next_at: now + retryPause(mail.attempts, random), cause, data: mail.data }
}

/** As many as `rate` a second, saved up for at most one second. */
export class RateBudget {
  private readonly rate: number
  private tokens: number
  private at = 0

  constructor(rate: number) {
    this.rate = rate
    this.tokens = rate
  }

  /** Up to `most`, now (epoch ms). */
  take(most: number, now: number): number {
    const passed = this.at === 0 ? 0 : Math.max(0, now - this.at)
    this.at = now
    this.tokens = Math.min(this.rate, this.tokens + (passed * this.rate) / 1_000)
    const taken = Math.min(most, Math.floor(this.tokens))
    this.tokens -= taken
    return taken
  }

  /** What was taken and not used. */
  giveBack(count: number): void {
    this.tokens += count
  }
}
