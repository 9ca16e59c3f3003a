// Days in the shop's time zone. Pure.

const formats = new Map<string, Intl.DateTimeFormat>()

/** YYYY-MM-DD of a moment (epoch ms) in a time zone; right across changes of daylight saving. */
export function dayOf(moment: number, timeZone: string): string {
  let format = formats.get(timeZone)
  if (format === undefined) {
    // Swedish writes dates as ISO 8601 does.
    format = new Intl.DateTimeFormat('sv-SE', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' })
    formats.set(timeZone, format)
  }
  return format.format(moment)
}

/** The day so many days before another; calendar days, whatever their length. */
export function daysBefore(day: string, count: number): string {
  const noon = Date.parse(`${day}T12:00:00Z`)
  return new Date(noon - count * 86_400_000).toISOString().slice(0, 10)
}

/** Is it a day of the calendar, not just of the right form? */
export function isDay(text: string): boolean {
  const moment = Date.parse(`${text}T00:00:00Z`)
  return !Number.isNaN(moment) && new Date(moment).toISOString().slice(0, 10) === text
}
