// What an operation that broke says to a caller in another process: what kind of trouble, and nothing else.

import { refuse } from '../contract/result.ts'
import { Overloaded } from '../limits/limited.ts'
import { CommitUnknown, LedgerUnavailable, trouble, wroteNothing } from '../sql/errors.ts'

/** How a call broke. `internal` is a bug, told in the log of the service where it happened. */
export type Broken = 'commit_unknown' | 'ledger_unavailable' | 'conflict' | 'overloaded' | 'internal'

export function brokenBy(error: unknown): Broken {
  if (error instanceof CommitUnknown) return 'commit_unknown'
  if (error instanceof Overloaded) return 'overloaded'
  if (wroteNothing(error)) return 'ledger_unavailable'
  return trouble(error) === 'conflict' ? 'conflict' : 'internal'
}

/** MariaDB's number of a lock wait that took too long: what `trouble` knows as a conflict. */
const LOCK_WAIT = 1205

/** The same trouble as an error in this process: whoever catches it cannot tell it from a direct call's. */
export function errorOf(broken: Broken, operation: string): Error {
  const message = `${operation} in its own service: ${broken}`
  if (broken === 'commit_unknown') return new CommitUnknown(message)
  if (broken === 'overloaded') return new Overloaded(message)
  if (broken === 'ledger_unavailable') return new LedgerUnavailable(message)
  const error = new Error(message)
  return broken === 'conflict' ? Object.assign(error, { errno: LOCK_WAIT }) : error
}

/** What was asked for did not reach its service. Thrown where there is no refusal to give. */
export class ServiceUnavailable extends Error {
  override readonly name = 'ServiceUnavailable'
}

export const unavailable = refuse('service_unavailable', 'A service of the shop cannot be reached.', {
  retryAfter: 1,
})
export const unknown = refuse('outcome_unknown', 'A service did not say whether it happened.', {
  retryAfter: 1,
})
export const tooLate = refuse('deadline_exceeded', 'It arrived after its deadline.', { retryAfter: 1 })
