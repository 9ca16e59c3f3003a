// What all probes share.

/** Longest that one reading takes unless told otherwise, ms: three that hang are told of within three seconds, and a server that is merely busy answers in a tenth. */
export const PROBE_MS = 1_000

/** Text of a number, or null where it is absent or none: a missing value is unknown, never zero. */
export function numberOf(text: string | number | bigint | null | undefined): number | null {
  if (text === null || text === undefined || text === '') return null
  const number = Number(text)
  return Number.isFinite(number) ? number : null
}
