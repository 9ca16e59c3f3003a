import { randomBytes } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Passwords } from './engine.ts'

const SECRET_BYTES = 18

/** Hexadecimal digits: safe in a URL, a shell, SQL and every configuration file. */
export const makePasswords = (): Passwords => ({ levee: secret(), admin: secret() })
const secret = (): string => randomBytes(SECRET_BYTES).toString('hex')

/** Those of a server in this folder, made at its first start: the same port means the same URL again. */
export function passwordsIn(folder: string): Passwords {
  const file = path.join(folder, 'passwords.json')
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Passwords
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  const passwords = makePasswords()
  const fresh = `${file}.${process.pid}`
  writeFileSync(fresh, JSON.stringify(passwords), { mode: 0o600 })
  renameSync(fresh, file)
  return passwords
}
