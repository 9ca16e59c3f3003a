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
  /** Everything, or reads only: from caches, from a replica, then from caches that are said to be old. */
  database: ['primary', 'read-only'],
} as const

export type Ladder = keyof typeof ladders
export type Rung<L extends Ladder> = (typeof ladders)[L][number]

export const ladderNames = Object.keys(ladders) as Ladder[]

/** One implementation a rung; null where its engine is not configured. A missing one does not compile. */
export type Rungs<L extends Ladder, T> = { readonly [R in Rung<L>]: T | null }

export type Engine = 'redis' | 'kafka' | 'ledger'

/** The engine that a rung needs: those named after one do. Null: the ledger is enough, or what is left of it. */
export function engineOf(rung: string): Engine | null {
  if (rung === 'primary') return 'ledger'
  return rung === 'redis' || rung === 'kafka' ? rung : null
}

/**
 * What this process may stand on, best first: from the wanted rung down (`best`: from the top), each whose engine is there.
 * Null: the wanted one's engine is not.
 */
export function rungsFrom<L extends Ladder>(
  ladder: L,
  wanted: Rung<L> | 'best',
  engines: ReadonlySet<Engine>,
): readonly Rung<L>[] | null {
  const rungs: readonly Rung<L>[] = ladders[ladder]
  const there = (rung: Rung<L>): boolean => {
    const engine = engineOf(rung)
    return engine === null || engine === 'ledger' || engines.has(engine)
  }
  if (wanted === 'best') return rungs.filter(there)
  return there(wanted) ? rungs.slice(rungs.indexOf(wanted)).filter(there) : null
}
