// A change that is not on a hot path: one whole transaction, its answer stored with its key.

import type { Kysely } from 'kysely'
import { type Call, isAudited } from '../contract/call.ts'
import type { Result } from '../contract/result.ts'
import { type DomainEvent, shardOf } from '../events/event.ts'
import type { AuditNote } from './combinable.ts'
import { firstAnswer } from './first-answer.ts'
import type { Ledger, Tx } from './ledger.ts'
import type { PlatformTables } from './platform-tables.ts'

export interface Done<Res> {
  readonly result: Result<Res>
  readonly events?: readonly DomainEvent[]
  readonly audit?: AuditNote
}

class Refusing<Res> extends Error {
  readonly result: Result<Res>
  constructor(result: Result<Res>) {
    super('refused: rolled back')
    this.result = result
  }
}

/**
 * Runs `work` in one transaction, once per idempotency key: a repeat gets the first answer. A refusal rolls
 * everything back and is not stored. `secret`: the answer is not kept, a repeat gets `{}`.
 * Locking reads come first in `work`, which may run more than once.
 */
export async function once<Tables, Res>(
  ledger: Ledger,
  call: Call,
  operation: string,
  now: number,
  work: (tx: Tx<Tables>) => Promise<Done<Res>>,
  options: { secret?: boolean } = {},
): Promise<Result<Res>> {
  try {
    return await ledger.write<Tables & PlatformTables, Result<Res>>(async tx => {
      const platform = tx as unknown as Kysely<PlatformTables>
      if (call.idempotency) {
        const first = await platform
          .selectFrom('idempotency')
          .select(['id', 'fingerprint', 'answer'])
          .where('id', '=', call.idempotency.id)
          .executeTakeFirst()
        if (first) return firstAnswer(call, first)
      }
      const { result, events, audit } = await work(tx as unknown as Tx<Tables>)
      if (!result.ok) throw new Refusing(result)
      const json = JSON.stringify(result.value)
      if (call.idempotency) {
        const { id, fingerprint } = call.idempotency
        const answer = options.secret ? null : json
        await platform
          .insertInto('idempotency')
          .values({ id, fingerprint, operation, answer, created_at: now })
          .execute()
      }
      await appendEvents(platform, events ?? [], now)
      if (audit) await appendAudit(platform, call, operation, audit, now)
      return { ...result, json }
    })
  } catch (error) {
    if (error instanceof Refusing) return error.result
    throw error
  }
}

/** Writes events to the outbox in the caller's transaction. */
export async function appendEvents(
  platform: Kysely<PlatformTables>,
  events: readonly DomainEvent[],
  now: number,
): Promise<void> {
  if (events.length === 0) return
  const rows = events.map(({ key, version, type, payload }) => ({
    shard: shardOf(key),
    event_key: key,
    version,
    type,
    payload: JSON.stringify(payload),
    created_at: now,
  }))
  await platform
    .insertInto('outbox')
    .values(rows as never)
    .execute()
}

/** Notes an act of staff or of a channel; of nobody else. */
export async function appendAudit(
  platform: Kysely<PlatformTables>,
  call: Call,
  operation: string,
  note: AuditNote,
  now: number,
): Promise<void> {
  if (!isAudited(call.principal)) return
  const row = {
    at: now,
    actor: call.principal.id,
    channel_id: call.principal.channelId,
    operation,
    request_id: call.requestId,
    subject: note.subject,
    detail: JSON.stringify(note.detail),
  }
  await platform
    .insertInto('audit')
    .values(row as never)
    .execute()
}
