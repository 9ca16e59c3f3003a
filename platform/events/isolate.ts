// A batch that fails is halved until those who make it fail stand alone; everybody else gets through.

import { isAway } from '../sql/errors.ts'

/** `untried`: an earlier event of its key failed, or the consumer was given up. Else the error. */
export type Delivery = 'done' | 'untried' | { readonly error: unknown }

/**
 * Hands over `events` (per key in order) and says what became of each. After a failure nothing more of that key
 * is tried. `giveUp` is asked before each call. Rejects only when the ledger is away: then some may be done.
 */
export async function deliverIsolating<E extends { readonly key: string }>(
  events: readonly E[],
  handle: (events: readonly E[]) => Promise<void>,
  giveUp: () => boolean = () => false,
): Promise<Delivery[]> {
  const deliveries: Delivery[] = events.map(() => 'untried')
  const failed = new Set<string>()

  async function run(from: number, to: number): Promise<void> {
    const batch: number[] = []
    for (let i = from; i < to; i++) if (!failed.has(events[i]!.key)) batch.push(i)
    if (batch.length === 0 || giveUp()) return
    try {
      await handle(batch.map(i => events[i]!))
    } catch (error) {
      // It says nothing of the event, so it is no failure of it.
      if (isAway(error)) throw error
      if (batch.length > 1) {
        const middle = batch[batch.length >> 1]!
        await run(from, middle)
        return run(middle, to)
      }
      deliveries[batch[0]!] = { error }
      failed.add(events[batch[0]!]!.key)
      return
    }
    for (const i of batch) deliveries[i] = 'done'
  }

  await run(0, events.length)
  return deliveries
}
