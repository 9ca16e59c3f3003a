// Keeps secrets out of the log: by the name of the field, and inside URLs.

const SECRET_NAME = /passw|passphrase|secret|token|authorization|cookie|api-?_?key|private-?_?key|^pw$/i
const URL_NAME = /url|uri|^path$|referer/i
const HIDDEN = '[redacted]'
/** Levels looked into; below that a value is dropped, as nobody logs so deep on purpose. */
const DEPTH = 6

/** The same value without secrets. What holds none is returned as it is, not copied. */
export function redact<T>(value: T): T {
  return hide(value, DEPTH) as T
}

function hide(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (depth === 0) return '[too deep]'
  if (Array.isArray(value)) {
    const items = value.map(item => hide(item, depth - 1))
    return items.some((item, index) => item !== value[index]) ? items : value
  }
  // Dates, buffers and the like hold no named fields.
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null && !('message' in value)) return value
  let copy: Record<string, unknown> | null = null
  for (const [name, field] of Object.entries(value)) {
    const shown = hideField(name, field, depth)
    if (shown === field) continue
    copy ??= { ...value }
    copy[name] = shown
  }
  return copy ?? value
}

function hideField(name: string, field: unknown, depth: number): unknown {
  if (SECRET_NAME.test(name)) return field === undefined || field === null ? field : HIDDEN
  if (typeof field === 'string') return URL_NAME.test(name) ? hideInUrl(field) : field
  return hide(field, depth - 1)
}

/** Passwords before the host, and query parameters named like secrets. */
function hideInUrl(url: string): string {
  return url
    .replace(/(\/\/[^/:@\s]*:)[^/@\s]+@/, `$1${HIDDEN}@`)
    .replace(/([?&][^=&]*(?:token|secret|password|key)[^=&]*=)[^&#\s]+/gi, `$1${HIDDEN}`)
}
