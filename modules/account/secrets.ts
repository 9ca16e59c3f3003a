// Tokens, keys, and the forms under which they and addresses are stored.

import { hash, randomBytes } from 'node:crypto'
import { shortHash } from '../../platform/events/event.ts'

/** 32 random bytes, base64url: 43 characters. */
export const newSecret = (): string => randomBytes(32).toString('base64url')
/** What is stored of a secret. It has 256 random bits, so a plain hash cannot be guessed back. 43 characters. */
export const secretHash = (secret: string): string => hash('sha256', secret, 'base64url')

const SECRET = /^[A-Za-z0-9_-]{43}$/
export const isSecret = (text: string): boolean => SECRET.test(text)

/** Channel keys say what they are, so that scanners find those that were published by mistake. */
const KEY_PREFIX = 'lvk_'
export const newChannelKey = (): string => KEY_PREFIX + newSecret()
export const isChannelKey = (text: string): boolean =>
  text.startsWith(KEY_PREFIX) && isSecret(text.slice(KEY_PREFIX.length))

/** 120 random bits that a person can copy: 20 characters. */
export const newPassword = (): string => randomBytes(15).toString('base64url')

/** Mail addresses are compared trimmed and in lower case. */
export const normalEmail = (email: string): string => email.trim().toLowerCase()

/** A guest of a channel. The line breaks keep it apart from guests' own secrets, which have none. */
export const channelGuestId = (channelId: string, guestRef: string): string =>
  `g_${shortHash(`channel guest\n${channelId}\n${guestRef}`)}`
