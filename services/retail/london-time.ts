/** The file states no zone. The shop was in London, so its clock is taken to be London's. */
export const BUSINESS_TIME_ZONE = 'Europe/London'

const WALL_CLOCK = /^(\d{2})\/(\d{2})\/(\d{4}) (\d{2}):(\d{2})$/
const HOUR_MS = 3_600_000
const format = new Intl.DateTimeFormat('en-GB', { timeZone: BUSINESS_TIME_ZONE, timeZoneName: 'longOffset' })

/** Milliseconds by which London's clock is ahead of UTC at an instant (0 in winter, 3,600,000 in summer). */
function londonOffsetMs(instantMs: number): number {
  const name = format.formatToParts(instantMs).find(part => part.type === 'timeZoneName')?.value
  const match = /^GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?$/.exec(name ?? '')
  if (match === null) throw new Error(`Intl gave an offset of unknown form: ${name}`)
  const [, sign, hours = '0', minutes = '0', seconds = '0'] = match
  const size = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000
  return sign === '-' ? -size : size
}

/**
 * Reads `dd/mm/yyyy hh:mm` on London's clock.
 * An hour that happened twice (October) is taken as the first of the two.
 * @returns epoch milliseconds, or `null` for text of another form, a day or time that does not exist,
 * and the hour that London skips in March
 */
export function parseLondonTime(text: string): number | null {
  const match = WALL_CLOCK.exec(text)
  if (match === null) return null
  const [day = 0, month = 0, year = 0, hour = 0, minute = 0] = match.slice(1).map(Number)
  if (hour > 23 || minute > 59 || year < 1900) return null
  const asUtc = Date.UTC(year, month - 1, day, hour, minute)
  const back = new Date(asUtc)
  if (back.getUTCDate() !== day || back.getUTCMonth() !== month - 1) return null
  // London is on UTC, one hour ahead, or (historically) two: the largest offset is the earliest instant.
  for (const offset of [2 * HOUR_MS, HOUR_MS, 0]) {
    if (londonOffsetMs(asUtc - offset) === offset) return asUtc - offset
  }
  return null
}
