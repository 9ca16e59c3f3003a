// A fact that happened, leaving its module through the outbox in the transaction that made it true.

import { hash } from 'node:crypto'
import { SHARDS } from '../sql/platform-tables.ts'
import type { Insert } from '../sql/statements.ts'
import { insertInto } from '../sql/statements.ts'

export interface DomainEvent {
  /** `order.paid`, `product.changed`, … */
  readonly type: string
  /** Id of the aggregate; events of one key arrive in order of version. */
  readonly key: string
  /** Grows with each event of the key; consumers check it. */
  readonly version: number
  readonly payload: Readonly<Record<string, unknown>>
}

/** The shard of a key: the same in every process and version. */
export function shardOf(key: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  return (hash >>> 0) % SHARDS
}

const outboxRows = insertInto('outbox', ['shard', 'event_key', 'version', 'type', 'payload', 'created_at'])

/** The outbox rows of a batch. `now` in epoch milliseconds. */
export function outboxInsert(events: readonly DomainEvent[], now: number): Insert {
  return outboxRows(
    events.map(({ key, version, type, payload }) => [
      shardOf(key),
      key,
      version,
      type,
      JSON.stringify(payload),
      now,
    ]),
  )
}

/** 16 bytes of SHA-256 as base64url: ids for keys and contents. */
export function shortHash(text: string): string {
  return hash('sha256', text, 'base64url').slice(0, 22)
}
