/** Digits allowed before the point: keeps pence below 10^14, far inside a safe integer. */
const POUNDS = /^(-?)(\d{1,12})(?:\.(\d{1,9}))?$/
/** Nine digits: more units of one product on one line is a typing error, not a sale. */
const WHOLE = /^-?\d{1,9}$/

/**
 * Reads an amount in pounds as whole pence, by its digits alone: no floating point is involved.
 * Zeros behind the second decimal are allowed, anything else there is a fraction of a penny.
 * @returns pence (a safe integer), or `null` if the text is no such amount
 */
export function parsePence(text: string): number | null {
  const match = POUNDS.exec(text)
  if (match === null) return null
  const [, sign, pounds = '', fraction = ''] = match
  if (!/^0*$/.test(fraction.slice(2))) return null
  const pence = Number.parseInt(pounds + fraction.slice(0, 2).padEnd(2, '0'), 10)
  return sign === '-' && pence !== 0 ? -pence : pence
}

/** Reads a whole number of units. @returns a safe integer, or `null` if the text is none */
export function parseUnits(text: string): number | null {
  if (!WHOLE.test(text)) return null
  const units = Number.parseInt(text, 10)
  return units === 0 ? 0 : units // "-0" is zero
}
