// All TypeScript of the project, by its path from the root.

import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'

const ROOT = path.resolve(import.meta.dirname, '../..')
const OUTSIDE = new Set(['node_modules', '.git', '.levee', 'dist', 'coverage'])

export function projectSources(): ReadonlyMap<string, string> {
  const files = globSync('**/*.{ts,tsx}', {
    cwd: ROOT,
    exclude: name => OUTSIDE.has(path.basename(name)),
  }).sort()
  return new Map(
    files.map(file => [file.split(path.sep).join('/'), readFileSync(path.join(ROOT, file), 'utf8')]),
  )
}
