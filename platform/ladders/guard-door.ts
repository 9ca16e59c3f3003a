// A module's door while the ledger cannot be written, or is lost in the middle of a read. Nothing is queued in secret: what
// would change something is refused at once. What only reads is asked again where it can be answered.

import type { Call } from '../contract/call.ts'
import type { Contract, Door } from '../contract/operation.ts'
import { type Result, refuse, type Success } from '../contract/result.ts'
import type { Clock } from '../module.ts'
import { isAway } from '../sql/errors.ts'
import type { Standing } from './standing.ts'

/** Seconds until it is worth another try. */
const RETRY_AFTER_S = 2
/** A read whose ledger went away waits so long for this process to notice, ms; then it fails as it did. */
const NOTICE_MS = 2_500
/** Pause between looks, ms. */
const LOOK_MS = 10
/** An answer that is older than this says how old it is, ms: beyond what any cache declares by itself. */
const OLD_MS = 2_500

type Operation = (call: Call, input: never) => Promise<Result<unknown>>

const readOnly = refuse(
  'read_only',
  'The ledger takes no writes at the moment: the shop can be looked at, and nothing can be changed.',
  { retryAfter: RETRY_AFTER_S },
)

export function guardDoor<D extends Door<Contract>>(
  contract: Contract,
  door: D,
  standing: Standing<'database'>,
  clock: Clock,
): D {
  const guarded = Object.entries(door as Record<string, Operation>).map(([name, operation]) => {
    const method = contract[name]?.http?.method
    // Steps of what has begun go on as far as they get: the ledger judges them.
    if (method === undefined) return [name, operation]
    return [name, method === 'GET' ? guardRead(operation, standing, clock) : guardWrite(operation, standing)]
  })
  return Object.fromEntries(guarded) as D
}

function guardWrite(operation: Operation, standing: Standing<'database'>): Operation {
  return (call, input) => {
    if (standing.choose() === 'primary' || call.principal.kind === 'system') return operation(call, input)
    return Promise.resolve(readOnly)
  }
}

function guardRead(operation: Operation, standing: Standing<'database'>, clock: Clock): Operation {
  return async (call, input) => {
    const result = await readElsewhere(standing, clock, call.deadline, () => operation(call, input))
    return result.ok ? withAge(result, clock()) : result
  }
}

/** Reads; and once more where the ledger is read by then, if it went away in the middle. `deadline`: epoch ms. */
export async function readElsewhere<T>(
  standing: Standing<'database'>,
  clock: Clock,
  deadline: number,
  read: () => Promise<T>,
): Promise<T> {
  const before = standing.standing
  try {
    return await read()
  } catch (error) {
    if (!isAway(error)) throw error
    const end = Math.min(clock() + NOTICE_MS, deadline)
    while (standing.standing === before && clock() < end)
      await new Promise(resolve => setTimeout(resolve, LOOK_MS))
    if (standing.standing === before) throw error
    return read()
  }
}

function withAge(result: Success<unknown>, now: number): Success<unknown> {
  const asOf = (result.value as { asOf?: unknown } | undefined)?.asOf
  if (typeof asOf !== 'number' || now - asOf < OLD_MS) return result
  return { ...result, age: Math.ceil((now - asOf) / 1_000) }
}
