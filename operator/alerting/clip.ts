// Text cut to what a channel takes, at whole characters.

const CUT = '…'

/** At most `most` UTF-16 units; what is cut ends in "…". */
export function clip(text: string, most: number): string {
  if (text.length <= most) return text
  return `${whole(text.slice(0, Math.max(0, most - CUT.length)))}${CUT}`.slice(0, most)
}

/**
 * The longest beginning of the text whose escaped form has at most `most` units, escaped: an escape is never cut in the
 * middle, which would be shown as it stands, or be read as the start of another.
 */
export function clipEscaped(text: string, most: number, escaped: (text: string) => string): string {
  const all = escaped(text)
  if (all.length <= most) return all
  let taken = ''
  for (const character of text) {
    const next = escaped(character)
    if (taken.length + next.length + CUT.length > most) break
    taken += next
  }
  return `${taken}${CUT}`
}

/** Without half of a pair at the end. */
const whole = (text: string): string => (text.isWellFormed() ? text : text.replace(/[\uD800-\uDBFF]$/, ''))
