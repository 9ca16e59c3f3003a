import { randomBytes } from 'node:crypto'
import type { Passwords } from './engine.ts'

const SECRET_BYTES = 18

/** Hexadecimal digits: safe in a URL, a shell, SQL and every configuration file. */
export const makePasswords = (): Passwords => ({ levee: secret(), admin: secret() })
const secret = (): string => randomBytes(SECRET_BYTES).toString('hex')
