import { sql } from 'kysely'
import { inboxOf } from '../../modules/bestseller/count-sales.ts'
import { type Check, compare } from './check.ts'
import { said } from './sql-parts.ts'

export const eventsDelivered: Check = {
  name: 'events delivered',
  proves: 'no event lies among the dead letters; what is in the outbox is on its way',
  async run(books) {
    const say = said(books.dialect)
    const found = await compare(
      books,
      sql`SELECT (SELECT COUNT(*) FROM inbox) + (SELECT COUNT(*) FROM outbox) AS n`,
      sql`SELECT ${say`${'consumer'} could not take ${'type'} ${'version'} of ${'event_key'}: ${'cause'}`} AS what, 0 AS explained
        FROM dead_letters`,
    )
    const outbox = await sql<{ depth: number; oldest: number | null }>`
      SELECT COUNT(*) AS depth, MIN(created_at) AS oldest FROM outbox`.execute(books.tx)
    const { depth, oldest } = outbox.rows[0]!
    if (oldest === null) return { ...found, note: 'outbox empty' }
    const age = Math.max(0, books.now - Number(oldest)) / 1000
    const note = `outbox ${depth} deep, its oldest event ${age.toFixed(1)} s old`
    return { ...found, explained: found.explained + Number(depth), note }
  },
}

/** Inboxes whose keys are orders, each generation of the ranking having its own. */
const OF_ORDERS = inboxOf(0).replace(/0$/, '%')

export const inboxVersions: Check = {
  name: 'events and orders',
  proves: 'the ranking has taken no event of an order that the order has not had yet',
  run: books => {
    const say = said(books.dialect)
    return compare(
      books,
      sql`SELECT COUNT(*) AS n FROM inbox WHERE consumer LIKE ${sql.lit(OF_ORDERS)}`,
      sql`SELECT ${say`${'i.consumer'} took version ${'i.version'} of ${'i.event_key'}, which is at ${'o.version'}`} AS what, 0 AS explained
        FROM inbox i LEFT JOIN orders o ON o.order_id = i.event_key
        WHERE i.consumer LIKE ${sql.lit(OF_ORDERS)} AND (o.order_id IS NULL OR i.version > o.version)`,
    )
  },
}
