// Paid orders and refunds become figures: effect, watermarks and the turn of the projection in one transaction.

import type { Consumer } from '../../platform/events/consumer.ts'
import type { DomainEvent } from '../../platform/events/event.ts'
import { freshEvents } from '../../platform/events/inbox.ts'
import type { Tx } from '../../platform/sql/ledger.ts'
import { addEvent, Sums } from './contributions.ts'
import type { BestsellerDeps } from './deps.ts'
import { addFigures, type BestsellerTx, lockState, setState } from './store.ts'
import type { BestsellerTables } from './tables.ts'

/** What a ranking is made of. */
export const SALES = ['order.paid', 'order.refunded'] as const

/** Who hears of them. */
export const CONSUMER = 'bestseller'

/** Before the generation's number, the name of its inbox. */
export const INBOX_PREFIX = 'bestseller.'
/** The inbox of a generation: each counts every event once for itself. */
export const inboxOf = (generation: number): string => `${INBOX_PREFIX}${generation}`

/** `counted` is called after each commit. */
export function salesConsumer(deps: BestsellerDeps, counted: () => void): Consumer {
  return {
    name: CONSUMER,
    types: SALES,
    async handle(events) {
      await deps.ledger.write<BestsellerTables, void>(async tx => {
        const state = await lockState(deps.ledger, tx)
        const stamp = { generation: state.generation, version: state.version + 1 }
        let changed = await count(deps, tx, stamp, events)
        // A generation that is being built has the orders up to a point; what lies beyond comes with its page.
        if (state.building !== null) {
          const built = events.filter(event => event.key <= state.built_up_to)
          changed += await count(deps, tx, { ...stamp, generation: state.building }, built)
        }
        if (changed > 0) await setState(tx, { version: stamp.version })
      })
      counted()
    },
  }
}

/** Returns how many figures changed. */
async function count(
  deps: BestsellerDeps,
  tx: BestsellerTx,
  stamp: { readonly generation: number; readonly version: number },
  events: readonly DomainEvent[],
): Promise<number> {
  if (events.length === 0) return 0
  const { dialect } = deps.ledger
  const fresh = await freshEvents(
    tx as unknown as Tx<unknown>,
    dialect,
    inboxOf(stamp.generation),
    events,
    deps.clock(),
  )
  const sums = new Sums()
  for (const event of fresh) addEvent(sums, event, deps.settings.timeZone)
  await addFigures(deps.ledger, tx, stamp, sums.sorted())
  return sums.size
}
