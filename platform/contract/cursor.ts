// Where a page ends: the sort key of its last row, opaque to the caller.

/** Cursor of the next page. */
export function encodeCursor(parts: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url')
}

/** The parts, or null where the text is none of ours. `shape` gives the type of each part. */
export function decodeCursor(
  text: string,
  shape: readonly ('string' | 'number')[],
): (string | number)[] | null {
  try {
    const parts: unknown = JSON.parse(Buffer.from(text, 'base64url').toString())
    if (!Array.isArray(parts) || parts.length !== shape.length) return null
    return parts.every((part, i) => typeof part === shape[i]) ? parts : null
  } catch {
    return null // not JSON: not a cursor of ours
  }
}
