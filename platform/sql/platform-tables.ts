// The tables that belong to no module: keys and their first answers, events on their way out and in, audit.

import type { Generated } from 'kysely'
import type { ColumnTypes, Schema } from './schema.ts'

export interface PlatformTables {
  idempotency: {
    /** In the order of age, so that a key's wide row goes to the end, and only its narrow index entry anywhere. */
    seq: Generated<number>
    id: string
    fingerprint: string
    operation: string
    /** The first answer as JSON; NULL where it held a secret. */
    answer: string | null
    created_at: number
  }
  outbox: {
    seq: number
    shard: number
    /** Aggregate: order per key is kept. */
    event_key: string
    version: number
    type: string
    payload: string
    created_at: number
  }
  outbox_shards: { shard: number; owner: string; fence: number; leased_until: number }
  inbox: { consumer: string; event_key: string; version: number; updated_at: number }
  dead_letters: {
    seq: number
    consumer: string
    event_key: string
    version: number
    type: string
    payload: string
    cause: string
    /** When it was parked, epoch ms. */
    created_at: number
    /** When its event was made true, epoch ms; 0: a version parked it that did not know. */
    made_at: Generated<number>
  }
  /** One row, written all the time: the ledger takes writes, and a replica that has it has all that came before. */
  ledger_pulse: { id: number; at: number }
  /** Ladders that somebody holds on a rung. */
  ladder_pins: {
    ladder: string
    rung: string
    pinned_by: string
    reason: string
    since: number
    until_at: number
  }
  /** Where each process stood when it last said so. */
  ladder_standings: {
    process: string
    service: string
    ladder: string
    standing: string
    /** JSON of `LadderStatus.rungs`. */
    rungs: string
    said_at: number
  }
  audit: {
    seq: number
    at: number
    actor: string
    channel_id: string | null
    operation: string
    request_id: string
    subject: string
    detail: string
  }
}

/** Events are spread over this many shards by key; a shard is leased to one relay. More than any fleet of relays. */
export const SHARDS = 16

export const platformSchema: Schema = {
  '2026-11-23-platform': t => [
    `CREATE TABLE idempotency (
      id ${t.id} NOT NULL PRIMARY KEY, fingerprint ${t.id} NOT NULL, operation ${t.id} NOT NULL,
      answer ${t.long}, created_at ${t.int} NOT NULL) ${t.table}`,
    'CREATE INDEX idempotency_age ON idempotency (created_at)',
    `CREATE TABLE outbox (
      seq ${t.serial}, shard ${t.int} NOT NULL, event_key ${t.id} NOT NULL, version ${t.int} NOT NULL,
      type ${t.id} NOT NULL, payload ${t.long} NOT NULL, created_at ${t.int} NOT NULL) ${t.serialTable}`,
    `CREATE TABLE outbox_shards (
      shard ${t.int} NOT NULL PRIMARY KEY, owner ${t.id} NOT NULL, fence ${t.int} NOT NULL,
      leased_until ${t.int} NOT NULL) ${t.table}`,
    `INSERT INTO outbox_shards (shard, owner, fence, leased_until) VALUES ${Array.from({ length: SHARDS }, (_, shard) => `(${shard}, '', 0, 0)`).join(',')}`,
    `CREATE TABLE inbox (
      consumer ${t.text(40)} NOT NULL, event_key ${t.id} NOT NULL, version ${t.int} NOT NULL,
      updated_at ${t.int} NOT NULL, PRIMARY KEY (consumer, event_key)) ${t.table}`,
    'CREATE INDEX inbox_age ON inbox (updated_at)',
    `CREATE TABLE dead_letters (
      seq ${t.serial}, consumer ${t.text(40)} NOT NULL, event_key ${t.id} NOT NULL, version ${t.int} NOT NULL,
      type ${t.id} NOT NULL, payload ${t.long} NOT NULL, cause ${t.text(1000)} NOT NULL,
      created_at ${t.int} NOT NULL) ${t.serialTable}`,
    'CREATE INDEX dead_letters_key ON dead_letters (consumer, event_key)',
    `CREATE TABLE audit (
      seq ${t.serial}, at ${t.int} NOT NULL, actor ${t.id} NOT NULL, channel_id ${t.id},
      operation ${t.id} NOT NULL, request_id ${t.id} NOT NULL, subject ${t.text(191)} NOT NULL,
      detail ${t.long} NOT NULL) ${t.serialTable}`,
  ],
  '2026-11-24-platform-keys-by-age': keysByAge,
  '2026-11-27-platform-ladders': t => [
    `CREATE TABLE ledger_pulse (id ${t.int} NOT NULL PRIMARY KEY, at ${t.int} NOT NULL) ${t.table}`,
    'INSERT INTO ledger_pulse (id, at) VALUES (1, 0)',
    `CREATE TABLE ladder_pins (
      ladder ${t.text(40)} NOT NULL PRIMARY KEY, rung ${t.text(20)} NOT NULL, pinned_by ${t.id} NOT NULL,
      reason ${t.text(200)} NOT NULL, since ${t.int} NOT NULL, until_at ${t.int} NOT NULL) ${t.table}`,
    `CREATE TABLE ladder_standings (
      process ${t.id} NOT NULL, service ${t.text(40)} NOT NULL, ladder ${t.text(40)} NOT NULL,
      standing ${t.text(20)} NOT NULL, rungs ${t.text(1000)} NOT NULL, said_at ${t.int} NOT NULL,
      PRIMARY KEY (process, ladder)) ${t.table}`,
  ],
  '2026-11-27-platform-letters': t => [
    `ALTER TABLE dead_letters ADD COLUMN made_at ${t.int} NOT NULL DEFAULT 0`,
  ],
}

/** Keys are random: clustered by them, each row changed a page of its own, and split one of every few. */
function keysByAge(t: ColumnTypes): readonly string[] {
  const unique = 'UNIQUE INDEX idempotency_id'
  if (t.dialect === 'mysql') {
    // One statement, so that the version before goes on beside it: it names its columns.
    const seq = 'ADD COLUMN seq BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY FIRST'
    return [
      `ALTER TABLE idempotency DROP PRIMARY KEY, DROP INDEX idempotency_age, ${seq}, ADD ${unique} (id)`,
    ]
  }
  const columns = 'id, fingerprint, operation, answer, created_at'
  return [
    `CREATE TABLE idempotency_by_age (
      seq ${t.serial}, id ${t.id} NOT NULL, fingerprint ${t.id} NOT NULL, operation ${t.id} NOT NULL,
      answer ${t.long}, created_at ${t.int} NOT NULL) ${t.serialTable}`,
    `INSERT INTO idempotency_by_age (${columns}) SELECT ${columns} FROM idempotency ORDER BY created_at`,
    'DROP TABLE idempotency',
    'ALTER TABLE idempotency_by_age RENAME TO idempotency',
    `CREATE ${unique} ON idempotency (id)`,
  ]
}
