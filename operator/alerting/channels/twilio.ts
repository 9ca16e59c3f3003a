// What messages and calls through Twilio share: where they go, who asks, and what an answer means.

import { CALL_MS, callService } from './call-service.ts'
import type { Outcome } from './channel.ts'
import type { Secret } from './secret.ts'

export interface TwilioSettings {
  readonly accountSid: string
  readonly authToken: Secret
  /** Our number, E.164. */
  readonly from: string
  /** `https://api.twilio.com` */
  readonly baseUrl: string
  readonly timeZone: string
  readonly clock: () => number
  /** Longest time for one call of the API, ms. */
  readonly most?: number
}

export function callTwilio(
  settings: TwilioSettings,
  resource: 'Messages.json' | 'Calls.json',
  form: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Outcome> {
  const { accountSid, authToken, baseUrl, clock, most = CALL_MS } = settings
  const identity = Buffer.from(`${accountSid}:${authToken.reveal()}`).toString('base64')
  return callService({
    url: new URL(`/2010-04-01/Accounts/${encodeURIComponent(accountSid)}/${resource}`, baseUrl),
    headers: {
      authorization: `Basic ${identity}`,
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
    },
    body: new URLSearchParams(form).toString(),
    signal,
    most,
    clock,
    secrets: [authToken],
    fault: statusFault,
  })
}

/** Taken, and refused on the way already. Whether it rang or was read shows later; an acknowledgement tells. */
const LOST = new Set(['failed', 'undelivered', 'canceled', 'busy', 'no-answer'])

function statusFault(text: string): string | null {
  let answer: { status?: unknown; error_message?: unknown } | null
  try {
    answer = JSON.parse(text) as typeof answer
  } catch {
    return 'answered something that is no JSON'
  }
  const status = answer?.status
  if (typeof status !== 'string') return 'answered without a status'
  return LOST.has(status) ? `has the status ${status}: ${String(answer?.error_message ?? '')}` : null
}
