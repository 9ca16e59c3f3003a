// What a consumer makes of a refusal. One that says "not now" says nothing of the event: it must never end among the dead
// letters because the ledger was away for some seconds.

import { catalogue } from '../contract/catalogue.ts'
import type { Refusal } from '../contract/result.ts'
import { LedgerUnavailable } from '../sql/errors.ts'

const NOT_NOW = 503

/** To be thrown. `what` could not be done. */
export function refusedEvent(what: string, { code, detail }: Refusal): Error {
  const message = `${what}: ${code}: ${detail}`
  return catalogue[code].status === NOT_NOW ? new LedgerUnavailable(message) : new Error(message)
}
