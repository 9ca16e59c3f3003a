// All ladders on one screen: what Levee does in more than one way, best way first. Pure.
// The ledger judges on every rung; a rung only decides how the question reaches it.

export const ladders = {
  /** How a claim reaches the ledger: queued in order, through a permit, or straight. */
  'coupon.claim': ['kafka', 'redis', 'sql'],
  /** How events leave the outbox. */
  'event.publish': ['kafka', 'direct'],
  'bestseller.read': ['redis', 'sql'],
  /** Who may talk to the payment provider about an order. */
  'payment.lock': ['redis', 'sql'],
  'session.read': ['redis', 'sql'],
  /** What stands between local memory and the ledger for products. */
  'product.cache': ['redis', 'local'],
} as const

export type Ladder = keyof typeof ladders
export type Rung<L extends Ladder> = (typeof ladders)[L][number]

/** One implementation a rung; null where its engine is not configured. A missing one does not compile. */
export type Rungs<L extends Ladder, T> = { readonly [R in Rung<L>]: T | null }

export type Engine = 'redis' | 'kafka'

/** Whether a rung can be stood on: those named after an engine need it. */
function stands(rung: string, engines: ReadonlySet<Engine>): boolean {
  return rung === 'redis' || rung === 'kafka' ? engines.has(rung) : true
}

/** The rung to stand on: the wanted one, or the best whose engine is there. Null: the wanted one's engine is not. */
export function chooseRung<L extends Ladder>(
  ladder: L,
  wanted: Rung<L> | 'best',
  engines: ReadonlySet<Engine>,
): Rung<L> | null {
  const rungs: readonly Rung<L>[] = ladders[ladder]
  if (wanted !== 'best') return stands(wanted, engines) ? wanted : null
  return rungs.find(rung => stands(rung, engines)) ?? null
}
