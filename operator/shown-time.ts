/** `2026-11-27 21:04:09` in a time zone, by its IANA name; epoch ms. */
export const shownTime = (at: number, timeZone: string): string =>
  new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' }).format(at)
