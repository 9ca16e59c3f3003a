// Days in the shop's time zone. Pure.

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

interface Zone {
  readonly format: Intl.DateTimeFormat
  /** The minute that was asked for last, and its day: zones differ by whole minutes, and writing a date is slow. */
  minute: number
  day: string
}
const zones = new Map<string, Zone>()

/** YYYY-MM-DD of a moment (epoch ms) in a time zone; right across changes of daylight saving. */
export function dayOf(moment: number, timeZone: string): string {
  let zone = zones.get(timeZone)
  if (zone === undefined) {
    // Swedish writes dates as ISO 8601 does.
    const parts = { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' } as const
    zone = { format: new Intl.DateTimeFormat('sv-SE', parts), minute: Number.NaN, day: '' }
    zones.set(timeZone, zone)
  }
  const minute = Math.floor(moment / MINUTE_MS)
  if (minute !== zone.minute) {
    zone.day = zone.format.format(moment)
    zone.minute = minute
  }
  return zone.day
}

/** The last answer: a shop in a rush asks for the same week all day. */
let before = { day: '', count: 0, answer: '' }

/** The day so many days before another; calendar days, whatever their length. */
export function daysBefore(day: string, count: number): string {
  if (before.day !== day || before.count !== count) {
    const noon = Date.parse(`${day}T12:00:00Z`)
    before = { day, count, answer: new Date(noon - count * DAY_MS).toISOString().slice(0, 10) }
  }
  return before.answer
}

/** Is it a day of the calendar, not just of the right form? */
export function isDay(text: string): boolean {
  const moment = Date.parse(`${text}T00:00:00Z`)
  return !Number.isNaN(moment) && new Date(moment).toISOString().slice(0, 10) === text
}
