// The files of Swagger UI out of its package, so that the API page works without the internet.

import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'

/** What of the package is served, and as what. Nothing else can be asked for. */
const FILES: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
}

export interface StaticFile {
  readonly type: string
  readonly content: Buffer
}

/** Null: not one of the files. Read when asked for: a page for developers costs the start nothing. */
export async function swaggerUiFile(name: string): Promise<StaticFile | null> {
  const type = Object.hasOwn(FILES, name) ? FILES[name] : undefined
  if (type === undefined) return null
  const folder = path.dirname(createRequire(import.meta.url).resolve('@fastify/swagger-ui/package.json'))
  return { type, content: await readFile(path.join(folder, 'static', name)) }
}
