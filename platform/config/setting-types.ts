// The kinds of settings: each checks a value and reads one from text.

export interface SettingType<T> {
  /** As the documentation says it: `integer 1–65535`. */
  readonly label: string
  /** A value as a JSON file holds it. Returns it, or why it is refused. */
  check(value: unknown): Checked<T>
  /** A value as an environment variable or the command line holds it; `check` judges the result. */
  fromText(text: string): unknown
}

export type Checked<T> = { readonly value: T } | { readonly problem: string }

/** Whole numbers from `min` to `max`, both allowed. */
export function int(min: number, max: number): SettingType<number> {
  const label = `integer ${min} to ${max}`
  return {
    label,
    check: value =>
      typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max
        ? { value }
        : { problem: `must be an ${label}` },
    fromText: text => (/^-?\d{1,15}$/.test(text) ? Number(text) : text),
  }
}

export const bool: SettingType<boolean> = {
  label: 'true or false',
  check: value => (typeof value === 'boolean' ? { value } : { problem: 'must be true or false' }),
  fromText: text => ({ true: true, '1': true, false: false, '0': false })[text] ?? text,
}

/** Text of one line. `fits` narrows it, `label` then says to what. */
export function string(fits = /^[^\r\n]*$/, label = 'text'): SettingType<string> {
  return textThat(value => fits.test(value), label)
}

/** A time zone that this Node knows, such as `Europe/London`. */
export const timeZone: SettingType<string> = textThat(value => {
  try {
    return new Intl.DateTimeFormat('en-GB', { timeZone: value }).resolvedOptions().timeZone !== ''
  } catch {
    return false // RangeError is how Intl says that it does not know the zone
  }
}, 'an IANA time zone')

function textThat(fits: (value: string) => boolean, label: string): SettingType<string> {
  return {
    label,
    check: value => (typeof value === 'string' && fits(value) ? { value } : { problem: `must be ${label}` }),
    fromText: text => text,
  }
}

export function oneOf<const T extends string>(...values: readonly T[]): SettingType<T> {
  const label = `one of ${values.join(', ')}`
  return {
    label,
    check: value => {
      const found = values.find(allowed => allowed === value)
      return found === undefined ? { problem: `must be ${label}` } : { value: found }
    },
    fromText: text => text,
  }
}

/** A URL with one of these schemes (`mysql`, without the colon), or empty. */
export function url(...schemes: readonly string[]): SettingType<string> {
  const label = `URL (${schemes.map(scheme => `${scheme}://`).join(', ')}) or empty`
  return {
    label,
    check: value => {
      if (value === '') return { value }
      const parsed = typeof value === 'string' ? URL.parse(value) : null
      const fits = parsed !== null && schemes.includes(parsed.protocol.slice(0, -1)) && parsed.hostname !== ''
      return fits ? { value: value as string } : { problem: `must be a ${label}` }
    },
    fromText: text => text,
  }
}

/** Several texts; in the environment and on the command line separated by commas. */
export function list(pattern = /^[^,\r\n]+$/, label = 'list of texts'): SettingType<readonly string[]> {
  return {
    label,
    check: value =>
      Array.isArray(value) && value.every(item => typeof item === 'string' && pattern.test(item))
        ? { value: Object.freeze([...value]) }
        : { problem: `must be a ${label}` },
    fromText: text => (text.trim() === '' ? [] : text.split(',').map(item => item.trim())),
  }
}
