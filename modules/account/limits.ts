// How long things live and how often they may be tried. Times in ms.

export const SECOND = 1_000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

/** A session ends 30 days after signing in, whatever happens, */
export const SESSION_MOST = 30 * DAY
/** or 7 days after it was last used. */
export const SESSION_IDLE = 7 * DAY
/** When it was last used is written at most this often: one write in ten minutes is nothing, and precise enough. */
export const SEEN_EVERY = 10 * MINUTE
/** Sessions of one member; a further sign-in ends the oldest. More devices than a person has. */
export const SESSIONS_MOST = 20
/** Sessions that a list shows: a member's own and those of channels. */
export const SESSIONS_SHOWN = 100
/** A channel's token for one of its customers: long enough for a sale, short enough to be lost. */
export const EXCHANGED_MOST = HOUR

/** Life of the token in a confirmation mail, and in a reset mail, which may change a password. */
export const TOKEN_LIFE = { confirm: DAY, reset: HOUR } as const
export type Purpose = keyof typeof TOKEN_LIFE
/** How long the process that promised a mail has to hand it over before the sweep does. */
export const LETTER_LEASE = 30 * SECOND

/** Most attempts of one subject in one window. */
export interface AttemptLimit {
  readonly most: number
  readonly window: number
}
/**
 * Wrong passwords for one account from where it has not signed in before. Ten a quarter of an hour are a
 * thousand a day: hopeless for guessing. Strangers who use them up lock out strangers only.
 */
export const ACCOUNT_ATTEMPTS: AttemptLimit = { most: 10, window: 15 * MINUTE }
/** The same for each address from which the account has signed in, by itself. */
export const KNOWN_ADDRESS_ATTEMPTS: AttemptLimit = { most: 10, window: 15 * MINUTE }
/** Wrong passwords from one network address, for whichever accounts: many people may share one. */
export const ADDRESS_ATTEMPTS: AttemptLimit = { most: 50, window: 15 * MINUTE }
/** Mails of one purpose to one account: each holds a token as good as the next. The window is a reset token's life. */
export const LETTERS_TO_ONE: AttemptLimit = { most: 3, window: HOUR }
/** Addresses remembered for a member, and for how long: home, work, phone, and some that came and went. */
export const ADDRESSES_MOST = 10
export const ADDRESS_KEPT = 90 * DAY

/** How long a key that no longer works is listed. */
export const KEY_KEPT = 30 * DAY
