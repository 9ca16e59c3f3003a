// What the account module is given, and what its operations share.

import type { Door } from '../../platform/contract/operation.ts'
import type { Ladders } from '../../platform/ladders/ladders.ts'
import type { Log } from '../../platform/log/log.ts'
import type { Clock } from '../../platform/module.ts'
import type { Passwords } from '../../platform/passwords/passwords.ts'
import type { Redis } from '../../platform/redis/redis.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import type { notificationContract } from '../notification/contract.ts'
import type { Letters } from './letters.ts'
import type { Purpose } from './limits.ts'
import type { SessionReads } from './session-reads.ts'

export interface AccountSettings {
  /** Confirmation and reset mails that one network address may cause in an hour. */
  readonly lettersPerHour: number
}

export interface AccountDeps {
  readonly ledger: Ledger
  /** Null: not configured. */
  readonly redis: Redis | null
  readonly prefixes: { readonly redisPrefix: string }
  readonly ladders: Pick<Ladders, 'of'>
  readonly clock: Clock
  readonly log: Log
  readonly settings: AccountSettings
  readonly passwords: Passwords
  readonly notification: Pick<Door<typeof notificationContract>, 'queueMail'>
  /** The page that a mail's link opens; `token` is 43 characters that fit a URL. */
  link(purpose: Purpose, token: string): string
  /**
   * Told after a commit that took sessions or rights away from a principal, in this process or another: who caches
   * identities forgets it.
   */
  forget(principalId: string): void
}

export interface AccountContext extends Omit<AccountDeps, 'forget'> {
  /** To be called after such a commit: here at once, and everywhere as far as Redis tells. */
  forget(principalId: string): Promise<void>
  readonly letters: Letters
  readonly sessions: SessionReads
}
