// After the load: everything is mended, and the shop has to come to rest by itself within a bound.

import { sql } from 'kysely'
import { waitFor } from '../../platform/engines/wait-for.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import type { Doors } from './doors.ts'

/** A rung that relapsed often stays out for 30 s; then it is made ready and tried, ms. */
const LADDERS_MOST_MS = 90_000
/** Leases of dead processes end, sweeps come round, an outbox drains, ms. */
const BOOKS_MOST_MS = 60_000

/** Between two words about what is not at rest, ms. */
const SAY_MS = 2_000

/** A process that runs, and the administrator's way into it. */
export interface Process {
  readonly name: string
  readonly doors: Doors
}

/** What is not at rest in time, by name; empty: all is. */
export async function comeToRest(
  boss: readonly Process[],
  ledger: Ledger,
  say: (line: string) => void,
): Promise<string[]> {
  let low: string[] = []
  let open: string[] = []
  const telling = setInterval(() => {
    const first = [...open, ...low][0]
    say(first === undefined ? 'calm' : `calm: not yet at rest: ${first}`)
  }, SAY_MS)
  const laddersUp = waitFor(async () => {
    low = (await Promise.all(boss.map(lowRungs))).flat()
    return low.length === 0
  }, LADDERS_MOST_MS)
  const booksAtRest = waitFor(async () => {
    open = await underWay(ledger)
    return open.length === 0
  }, BOOKS_MOST_MS)
  await Promise.all([laddersUp, booksAtRest]).finally(() => clearInterval(telling))
  return [...low, ...open]
}

/** Ladders of one process that are not on their best rung. */
async function lowRungs({ name, doors }: Process): Promise<string[]> {
  const shown = await doors.ladder.listLadders({}, { deadlineMs: 4_000 }).catch(() => null)
  if (!shown?.ok) return [`${name} does not say where its ladders stand`]
  // First those of the process that answers; the others are as they were heard of last.
  const own = shown.value.ladders[0]?.process
  return shown.value.ladders.flatMap(({ process, ladder, standing, rungs }) => {
    const best = rungs[0]!
    if (process !== own || (standing === best.rung && best.phase === 'in')) return []
    return [
      `${name}: ${ladder} stands on ${standing}; ${best.rung} is ${best.phase}: ${best.cause}, stay ${best.stay} ms`,
    ]
  })
}

const COUNTS: Readonly<Record<string, string>> = {
  'events in the outbox': 'SELECT COUNT(*) AS n FROM outbox',
  'dead letters': 'SELECT COUNT(*) AS n FROM dead_letters',
  sagas: 'SELECT COUNT(*) AS n FROM order_sagas',
  'orders half-way': "SELECT COUNT(*) AS n FROM orders WHERE state IN ('reserving', 'paying')",
  'payments under way': 'SELECT COUNT(*) AS n FROM payments WHERE next_check_at IS NOT NULL',
  'refunds under way': "SELECT COUNT(*) AS n FROM payment_refunds WHERE state = 'pending'",
}

async function underWay(ledger: Ledger): Promise<string[]> {
  const db = ledger.reads()
  const found: string[] = []
  for (const [what, query] of Object.entries(COUNTS)) {
    const { rows } = await sql.raw<{ n: number | string }>(query).execute(db)
    if (Number(rows[0]!.n) > 0) found.push(`${rows[0]!.n} ${what}`)
  }
  return found
}
