// Keeps secrets out of lines that others have written: engines, old versions, scripts. For our own log there is `redact.ts`, which
// knows the fields.

import { redact } from './redact.ts'

const HIDDEN = '[redacted]'
/** Shorter ones would take ordinary words away with them. */
const SECRET_LEAST = 4

/** What hides a secret, and the rest of it that is kept. Each looks back a bounded way, so that a long line takes no long time. */
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  // scheme://user:password@host
  [/(:\/\/[^/:@\s]{0,200}:)[^/@\s]{1,500}@/g, `$1${HIDDEN}@`],
  // Authorization: Bearer …, Basic …
  [/\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}/gi, `$1 ${HIDDEN}`],
  // IDENTIFIED BY '…', IDENTIFIED BY PASSWORD '…', MASTER_PASSWORD='…'
  [/(identified\s+(?:via\s+\S+\s+using|by(?:\s+password)?)\s+)(['"])(?:(?!\2).)*\2?/gi, `$1$2${HIDDEN}$2`],
  // Redis: requirepass x, masterauth x, AUTH [user] x
  [/\b(requirepass|masterauth|sentinel auth-pass \S+)(\s+)\S+/gi, `$1$2${HIDDEN}`],
  [/(["']AUTH["'](?:\s+"[^"]*")?\s+)"[^"]*"/g, `$1"${HIDDEN}"`],
  // A token with three parts that begins as JSON does.
  [/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?/g, HIDDEN],
  // password=…, "apiKey": "…", token: …
  [
    /((?:passw(?:or)?d|passphrase|secret|token|api[-_]?key|private[-_]?key)[\w.-]{0,20}["']?\s{0,5}[=:]\s{0,5})("[^"]*"?|'[^']*'?|[^\s,;&)}\]]+)/gi,
    `$1${HIDDEN}`,
  ],
]

/** One line without what looks like a secret, and without the `secrets` themselves, wherever they stand. */
export function redactText(line: string, secrets: readonly string[] = []): string {
  const known = secrets.filter(secret => secret.length >= SECRET_LEAST)
  const plain = known.reduce((text, secret) => text.replaceAll(secret, HIDDEN), line)
  const fields = jsonOf(plain)
  const shown = fields === null ? plain : JSON.stringify(redact(fields))
  return PATTERNS.reduce((text, [pattern, kept]) => text.replace(pattern, kept), shown)
}

function jsonOf(line: string): object | null {
  if (!line.startsWith('{')) return null
  try {
    return JSON.parse(line) as object
  } catch {
    return null // a line that was cut, or none of ours
  }
}
