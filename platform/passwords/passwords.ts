// Passwords are hashed and checked off the main thread, a bounded number at a time.

import { hash, verify } from '@node-rs/argon2'
import { type Result, refuse } from '../contract/result.ts'
import type { Clock } from '../module.ts'

export interface Passwords {
  /** True where one more would be refused: asked before work is done that a refusal would waste. */
  readonly full: boolean
  /** The hash to store, a PHC string of fewer than 120 characters. Refused: overloaded, deadline_exceeded. */
  hash(password: string, deadline: number): Promise<Result<string>>
  /** Null (nobody there, or no password set) takes as long as a wrong password, and is as wrong. */
  matches(stored: string | null, password: string, deadline: number): Promise<Result<boolean>>
}

/**
 * Argon2id as the OWASP Password Storage Cheat Sheet asks for as the least: 19 MiB, two passes, one lane.
 * https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html (Argon2id is the library's default.)
 */
const ARGON2 = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const
/** Hash of a random password that was thrown away, with the same parameters. */
const NOBODY =
  '$argon2id$v=19$m=19456,t=2,p=1$fEaI0TRDQVr5DIXP6uOMdQ$uEXjmzCEWS5SLjtrWjm04dRjSD8z3AsvtzUQxt9JbVY'

/** Hashes at a time: half of libuv's four threads, the rest stays for files and names. 2 × 19 MiB. */
const AT_ONCE = 2
/** Hashes that wait: at some 10–50 ms each and two at a time, the last waits up to two seconds. */
const WAITING_MOST = 100

export function createPasswords(clock: Clock): Passwords {
  const waiting: Array<() => void> = []
  let running = 0

  async function inTurn<T>(deadline: number, work: () => Promise<T>): Promise<Result<T>> {
    if (running >= AT_ONCE) {
      if (waiting.length >= WAITING_MOST)
        return refuse('overloaded', 'Too many passwords wait to be checked.', { retryAfter: 2 })
      await new Promise<void>(resolve => waiting.push(resolve))
    } else running++
    try {
      // Whoever has gone is not worth a hash.
      if (clock() >= deadline)
        return refuse('deadline_exceeded', 'It waited past its deadline.', { retryAfter: 1 })
      return { ok: true, value: await work() }
    } finally {
      // The turn is handed on, or given back.
      const next = waiting.shift()
      if (next === undefined) running--
      else next()
    }
  }

  return {
    get full() {
      return running >= AT_ONCE && waiting.length >= WAITING_MOST
    },
    hash: (password, deadline) => inTurn(deadline, () => hash(plain(password), ARGON2)),
    matches: (stored, password, deadline) =>
      inTurn(deadline, async () => (await verify(stored ?? NOBODY, plain(password))) && stored !== null),
  }
}

/** The same password however the keyboard composes it: macOS types Korean and accents in parts, others whole. */
const plain = (password: string): string => password.normalize('NFKC')
