// The rows in which sagas stand until they are done.

import type { Ledger } from '../../platform/sql/ledger.ts'
import type { OrderTables, SagaRow } from './tables.ts'

export async function endSaga(ledger: Ledger, sagaId: string, kind: string): Promise<void> {
  await ledger.write<OrderTables, void>(async tx => {
    await tx.deleteFrom('order_sagas').where('saga_id', '=', sagaId).where('kind', '=', kind).execute()
  })
}

export function readSaga(ledger: Ledger, sagaId: string): Promise<SagaRow | undefined> {
  return ledger
    .reads<OrderTables>()
    .selectFrom('order_sagas')
    .selectAll()
    .where('saga_id', '=', sagaId)
    .executeTakeFirst()
}

/**
 * Takes sagas that are due, at most `limit`, each for `lease` ms: compare-and-set on when it was due, so that
 * of several sweepers one gets it.
 */
export async function takeDueSagas(
  ledger: Ledger,
  now: number,
  limit: number,
  lease: number,
): Promise<SagaRow[]> {
  const due = await ledger
    .reads<OrderTables>()
    .selectFrom('order_sagas')
    .selectAll()
    .where('next_at', '<=', now)
    .orderBy('next_at')
    .limit(limit)
    .execute()
  const taken: SagaRow[] = []
  for (const saga of due) {
    const won = await ledger.write<OrderTables, boolean>(async tx => {
      const { numUpdatedRows } = await tx
        .updateTable('order_sagas')
        .set({ next_at: now + lease, attempts: saga.attempts + 1 })
        .where('saga_id', '=', saga.saga_id)
        .where('next_at', '=', saga.next_at)
        .where('kind', '=', saga.kind)
        .executeTakeFirst()
      return numUpdatedRows === 1n
    })
    if (won) taken.push(saga)
  }
  return taken
}
