// When a service wants to be asked again (RFC 9110, Retry-After).

/** Longest wait that is kept to, ms: what asks for more is told through another channel by then, and is worth another look. */
export const RETRY_AFTER_MOST_MS = 3_600_000

/** ms from now, or null where nothing that can be read was said. Seconds, or a date. `now`: epoch ms. */
export function retryAfterMs(header: string | undefined, now: number): number | null {
  if (header === undefined) return null
  const text = header.trim()
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : dateOf(text) - now
  return Number.isNaN(ms) ? null : Math.min(RETRY_AFTER_MOST_MS, Math.max(0, ms))
}

/** HTTP's own form only: `Date.parse` reads almost anything as a time. */
const dateOf = (text: string): number =>
  /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text)
    ? Date.parse(text)
    : Number.NaN
