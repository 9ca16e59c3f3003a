// The tables of accounts. Only this module reads and writes them.

import type { Schema } from '../../platform/sql/schema.ts'

export interface MemberRow {
  member_id: string
  /** Lower case; null: imported, cannot sign in. */
  email: string | null
  /** 1: the owner of the address has answered. */
  confirmed: number
  password_hash: string | null
  name: string | null
  external_ref: string | null
  created_at: number
}

export interface SessionRow {
  /** SHA-256 of the token, base64url. The token itself is nowhere. */
  token_hash: string
  session_id: string
  /** Whom it speaks for: one of the two. */
  member_id: string | null
  guest_id: string | null
  /** The channel that exchanged it; null: the member signed in. */
  channel_id: string | null
  created_at: number
  last_seen_at: number
  expires_at: number
}

export interface TokenRow {
  token_hash: string
  member_id: string
  purpose: string
  expires_at: number
}

/** A mail that was promised and is not handed over yet. */
export interface LetterRow {
  letter_id: string
  member_id: string
  purpose: string
  /** Epoch ms. */
  next_at: number
  created_at: number
}

/** Attempts of one subject in one window. */
export interface AttemptRow {
  subject: string
  count: number
  /** Epoch ms; from then on the row means nothing. */
  ends_at: number
}

export interface ChannelRow {
  channel_id: string
  name: string
  /** Tokens exchanged up to then are void, epoch ms. */
  void_until: number
  created_at: number
}

export interface ChannelKeyRow {
  key_hash: string
  key_id: string
  channel_id: string
  created_at: number
  expires_at: number | null
  revoked_at: number | null
}

export interface AccountTables {
  members: MemberRow
  member_roles: { role: string; member_id: string; granted_by: string; granted_at: number }
  /** From where a member has signed in: strangers' failures do not lock these out. */
  member_addresses: { member_id: string; address: string; seen_at: number }
  sessions: SessionRow
  account_tokens: TokenRow
  account_letters: LetterRow
  account_attempts: AttemptRow
  channels: ChannelRow
  channel_keys: ChannelKeyRow
  /** What is done once for ever, such as making the first administrator. */
  account_marks: { mark: string; at: number }
}

export const accountSchema: Schema = {
  '2026-11-23-account': t => [
    `CREATE TABLE members (
      member_id ${t.id} NOT NULL PRIMARY KEY, email ${t.text(254)}, confirmed ${t.int} NOT NULL,
      password_hash ${t.text(200)}, name ${t.text(100)}, external_ref ${t.text(64)}, created_at ${t.int} NOT NULL) ${t.table}`,
    'CREATE UNIQUE INDEX members_email ON members (email)',
    'CREATE UNIQUE INDEX members_ref ON members (external_ref)',
    `CREATE TABLE member_roles (
      role ${t.id} NOT NULL, member_id ${t.id} NOT NULL, granted_by ${t.id} NOT NULL, granted_at ${t.int} NOT NULL,
      PRIMARY KEY (role, member_id)) ${t.table}`,
    'CREATE INDEX member_roles_member ON member_roles (member_id)',
    `CREATE TABLE member_addresses (
      member_id ${t.id} NOT NULL, address ${t.id} NOT NULL, seen_at ${t.int} NOT NULL,
      PRIMARY KEY (member_id, address)) ${t.table}`,
    'CREATE INDEX member_addresses_age ON member_addresses (seen_at)',
    `CREATE TABLE sessions (
      token_hash ${t.id} NOT NULL PRIMARY KEY, session_id ${t.id} NOT NULL, member_id ${t.id}, guest_id ${t.id},
      channel_id ${t.id}, created_at ${t.int} NOT NULL, last_seen_at ${t.int} NOT NULL, expires_at ${t.int} NOT NULL,
      CONSTRAINT session_of_one CHECK ((member_id IS NULL) <> (guest_id IS NULL))) ${t.table}`,
    'CREATE UNIQUE INDEX sessions_id ON sessions (session_id)',
    'CREATE INDEX sessions_member ON sessions (member_id, created_at)',
    'CREATE INDEX sessions_expiry ON sessions (expires_at)',
    `CREATE TABLE account_tokens (
      token_hash ${t.id} NOT NULL PRIMARY KEY, member_id ${t.id} NOT NULL, purpose ${t.id} NOT NULL,
      expires_at ${t.int} NOT NULL) ${t.table}`,
    'CREATE INDEX account_tokens_member ON account_tokens (member_id)',
    'CREATE INDEX account_tokens_expiry ON account_tokens (expires_at)',
    `CREATE TABLE account_letters (
      letter_id ${t.id} NOT NULL PRIMARY KEY, member_id ${t.id} NOT NULL, purpose ${t.id} NOT NULL,
      next_at ${t.int} NOT NULL, created_at ${t.int} NOT NULL) ${t.table}`,
    'CREATE INDEX account_letters_due ON account_letters (next_at)',
    `CREATE TABLE account_attempts (
      subject ${t.id} NOT NULL PRIMARY KEY, count ${t.int} NOT NULL, ends_at ${t.int} NOT NULL) ${t.table}`,
    'CREATE INDEX account_attempts_end ON account_attempts (ends_at)',
    `CREATE TABLE channels (
      channel_id ${t.id} NOT NULL PRIMARY KEY, name ${t.text(100)} NOT NULL, void_until ${t.int} NOT NULL,
      created_at ${t.int} NOT NULL) ${t.table}`,
    `CREATE TABLE channel_keys (
      key_hash ${t.id} NOT NULL PRIMARY KEY, key_id ${t.id} NOT NULL, channel_id ${t.id} NOT NULL,
      created_at ${t.int} NOT NULL, expires_at ${t.int}, revoked_at ${t.int}) ${t.table}`,
    'CREATE INDEX channel_keys_channel ON channel_keys (channel_id)',
    `CREATE TABLE account_marks (mark ${t.id} NOT NULL PRIMARY KEY, at ${t.int} NOT NULL) ${t.table}`,
  ],
}
