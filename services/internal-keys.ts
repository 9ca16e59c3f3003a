// The keys by which services know each other: from the setting internal.keys, or from a file that they share. The file
// holds the current key and the one before; services read it again when it changes, so nothing has to be restarted.

import { randomBytes } from 'node:crypto'
import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Config } from '../platform/config/settings.ts'
import { fixedKeys, type InternalKey, type KeyRing } from '../platform/rpc/key-ring.ts'

const BYTES = 32
/** How often the file is looked at, ms: a new key signs everywhere a moment after it is there. */
const LOOK_EVERY_MS = 1_000
/** A name that is not known is looked for at once, but not more often than this, ms: anybody could make up names. */
const LOOK_LEAST_MS = 50

interface KeyFile {
  readonly current: { readonly kid: string; readonly key: string }
  /** Accepted until the next rotation. */
  readonly previous: { readonly kid: string; readonly key: string } | null
}

export const keyFile = (dataFolder: string): string => path.join(dataFolder, 'internal-keys.json')

/** The ring of this configuration. Of processes that start together all get the same one. */
export function internalKeys(config: Config): KeyRing {
  const given = config['internal.keys']
  if (given.length > 0) return fixedKeys(given.map(keyOf))
  const file = keyFile(config['data.folder'])
  makeOnce(file)
  return new FileRing(file)
}

/** A fresh key signs from now on; the one before it is accepted until the next rotation. Returns the new one's name. */
export function rotateKeys(dataFolder: string): string {
  const file = keyFile(dataFolder)
  makeOnce(file)
  const { current } = read(file)
  const fresh = freshKey()
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, JSON.stringify({ current: fresh, previous: current }), { mode: 0o600 })
  renameSync(draft, file)
  return fresh.kid
}

class FileRing implements KeyRing {
  private readonly file: string
  private keys: readonly InternalKey[] = []
  private lookedAt = 0

  constructor(file: string) {
    this.file = file
    this.look(LOOK_EVERY_MS)
  }

  current(): InternalKey {
    this.look(LOOK_EVERY_MS)
    return this.keys[0]!
  }

  find(kid: string): InternalKey | null {
    return this.known(kid) ?? this.afterLook(kid)
  }

  private afterLook(kid: string): InternalKey | null {
    this.look(LOOK_LEAST_MS)
    return this.known(kid)
  }

  private known(kid: string): InternalKey | null {
    // A key that is over must not live on in a process that only receives.
    this.look(LOOK_EVERY_MS)
    return this.keys.find(key => key.kid === kid) ?? null
  }

  /** Unless that was done less than `pause` ms ago. A file that cannot be read leaves the keys as they are. */
  private look(pause: number): void {
    const now = performance.now()
    if (this.keys.length > 0 && now - this.lookedAt < pause) return
    this.lookedAt = now
    try {
      // Two rotations of one moment have the same time of change: it is read, and not only looked at.
      const { current, previous } = read(this.file)
      this.keys = [current, ...(previous === null ? [] : [previous])].map(({ kid, key }) => ({
        kid,
        secret: Buffer.from(key, 'base64url'),
      }))
    } catch (error) {
      if (this.keys.length === 0) throw error
    }
  }
}

function makeOnce(file: string): void {
  if (existsSync(file)) return
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, JSON.stringify({ current: freshKey(), previous: null }), { mode: 0o600 })
  try {
    linkSync(draft, file) // whole or not at all, and only the first
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    unlinkSync(draft)
  }
}

const read = (file: string): KeyFile => JSON.parse(readFileSync(file, 'utf8')) as KeyFile

function freshKey(): KeyFile['current'] {
  const kid = `k${Date.now().toString(36)}-${randomBytes(3).toString('hex')}`
  return { kid, key: randomBytes(BYTES).toString('base64url') }
}

function keyOf(text: string): InternalKey {
  const colon = text.indexOf(':')
  return { kid: text.slice(0, colon), secret: Buffer.from(text.slice(colon + 1), 'base64url') }
}
