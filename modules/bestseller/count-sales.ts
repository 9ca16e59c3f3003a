// Paid orders and refunds become figures: effect, watermarks and the turn of the projection in one transaction.

import type { Consumer } from '../../platform/events/consumer.ts'
import type { DomainEvent } from '../../platform/events/event.ts'
import { freshEvents } from '../../platform/events/inbox.ts'
import type { Tx } from '../../platform/sql/ledger.ts'
import { addEvent, Sums } from './contributions.ts'
import type { BestsellerDeps } from './deps.ts'
import { addFigures, type BestsellerTx, lockState } from './store.ts'
import type { BestsellerTables } from './tables.ts'

/** The inbox of a generation: each counts every event once for itself. */
export const inboxOf = (generation: number): string => `bestseller.${generation}`

export function salesConsumer(deps: BestsellerDeps): Consumer {
  return {
    name: 'bestseller',
    types: ['order.paid', 'order.refunded'],
    handle: events =>
      deps.ledger.write<BestsellerTables, void>(async tx => {
        const state = await lockState(deps.ledger, tx)
        await count(deps, tx, state.generation, events)
        // A generation that is being built has the orders up to a point; what lies beyond comes with its page.
        if (state.building === null) return
        await count(
          deps,
          tx,
          state.building,
          events.filter(event => event.key <= state.built_up_to),
        )
      }),
  }
}

async function count(
  deps: BestsellerDeps,
  tx: BestsellerTx,
  generation: number,
  events: readonly DomainEvent[],
): Promise<void> {
  if (events.length === 0) return
  const { dialect } = deps.ledger
  const fresh = await freshEvents(
    tx as unknown as Tx<unknown>,
    dialect,
    inboxOf(generation),
    events,
    deps.clock(),
  )
  const sums = new Sums()
  for (const event of fresh) addEvent(sums, event, deps.settings.timeZone)
  await addFigures(deps.ledger, tx, generation, sums.sorted())
}
