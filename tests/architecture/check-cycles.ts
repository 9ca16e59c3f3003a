// No file may, by way of others, import itself: what runs first would depend on who was asked first.

import path from 'node:path'
import type { Import } from './imports.ts'

/** One line a cycle: `a.ts → b.ts → a.ts`. Types do not count, they are gone when the program runs. */
export function cycles(importsByFile: ReadonlyMap<string, readonly Import[]>): string[] {
  const found: string[] = []
  const done = new Set<string>()
  const trail: string[] = []

  const visit = (file: string): void => {
    const seenAt = trail.indexOf(file)
    if (seenAt >= 0) found.push([...trail.slice(seenAt), file].join(' → '))
    if (seenAt >= 0 || done.has(file)) return
    trail.push(file)
    for (const { specifier, isValue } of importsByFile.get(file) ?? []) {
      if (isValue && specifier?.startsWith('.')) visit(path.posix.join(path.posix.dirname(file), specifier))
    }
    trail.pop()
    done.add(file)
  }

  for (const file of importsByFile.keys()) visit(file)
  return found
}
