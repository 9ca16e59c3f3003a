import type { Call } from '../../platform/contract/call.ts'
import type { Input, Output } from '../../platform/contract/operation.ts'
import { ok, type Result, refuse } from '../../platform/contract/result.ts'
import { once } from '../../platform/sql/once.ts'
import type { eventContract } from './contract.ts'
import type { EventDeps } from './deps.ts'

/** Naturally idempotent: what is replayed is gone from the letters, and consumers know what they have had. */
export async function replayDeadLetters(
  { ledger, clock, deadLetters }: EventDeps,
  call: Call,
  { consumer, key }: Input<typeof eventContract.replayDeadLetters>,
): Promise<Result<Output<typeof eventContract.replayDeadLetters>>> {
  if (!deadLetters.consumers.includes(consumer))
    return refuse('not_found', `There is no consumer ${consumer}.`)
  // The trail first: should the process die in between, it says more than happened, never less.
  const noted = await once(ledger, call, 'event.replayDeadLetters', clock(), async () => ({
    result: ok({}),
    audit: { subject: `${consumer} ${key}`, detail: {} },
  }))
  if (!noted.ok) return noted
  return ok(await deadLetters.replay(consumer, key))
}
