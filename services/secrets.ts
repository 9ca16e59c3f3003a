// Secrets of an installation: made at the first start, kept in the data folder for its owner only.

import { randomBytes } from 'node:crypto'
import { existsSync, linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'

export interface Secrets {
  /** Key of the secret links in guests' mails. */
  readonly linkKey: string
  /** Shared with the payment provider, which signs its webhooks with it. */
  readonly webhookKey: string
}

const NAMES = ['linkKey', 'webhookKey'] as const
const BYTES = 32

/** Reads the secrets, or makes them. Of processes that start together all get the same ones. */
export function installationSecrets(dataFolder: string): Secrets {
  const file = path.join(dataFolder, 'secrets.json')
  if (!existsSync(file)) {
    mkdirSync(dataFolder, { recursive: true, mode: 0o700 })
    const fresh = Object.fromEntries(NAMES.map(name => [name, randomBytes(BYTES).toString('base64url')]))
    const draft = `${file}.${process.pid}`
    writeFileSync(draft, JSON.stringify(fresh), { mode: 0o600 })
    try {
      linkSync(draft, file) // whole or not at all, and only the first
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    } finally {
      unlinkSync(draft)
    }
  }
  const known = JSON.parse(readFileSync(file, 'utf8')) as Partial<Secrets>
  for (const name of NAMES) if (!known[name]) throw new Error(`${file} lacks ${name}`)
  return known as Secrets
}
