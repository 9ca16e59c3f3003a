import type { Call } from '../contract/call.ts'
import { type Result, refuse } from '../contract/result.ts'
import { type Row, selectByKey } from './statements.ts'

/** The stored answers of these ids of keys. */
export const firstAnswersOf = selectByKey({
  columns: 'id, fingerprint, answer',
  from: 'idempotency',
  index: 'idempotency_id',
  key: 'id',
  lock: false,
})

/** The answer that a key got first, or a refusal if the content differs. */
export function firstAnswer<Res>(call: Call, row: Row): Result<Res> {
  if (row.fingerprint !== call.idempotency?.fingerprint) {
    return refuse('idempotency_key_reused', 'This key was used before with other content.')
  }
  const json = (row.answer as string | null) ?? '{}'
  return { ok: true, value: JSON.parse(json) as Res, json }
}
