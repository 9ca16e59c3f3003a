import { sql } from 'kysely'
import { type Check, compare, text } from './check.ts'

export const deadLetters: Check = {
  name: 'events delivered',
  proves: 'no event lies among the dead letters; what is in the outbox is on its way',
  async run(books) {
    const { rows } = await sql<{ n: number }>`SELECT COUNT(*) AS n FROM outbox`.execute(books.tx)
    const found = await compare(
      books,
      sql`SELECT (SELECT COUNT(*) FROM inbox) + (SELECT COUNT(*) FROM outbox) AS n`,
      sql`SELECT ${text(books.dialect, sql`consumer`, sql`' could not take '`, sql`type`, sql`' of '`, sql`event_key`, sql`': '`, sql`cause`)} AS what, 0 AS explained
        FROM dead_letters`,
    )
    return { ...found, explained: found.explained + Number(rows[0]?.n ?? 0) }
  },
}

export const inboxVersions: Check = {
  name: 'events and orders',
  proves: 'no consumer has taken an event of an order that the order has not had yet',
  run: books =>
    compare(
      books,
      sql`SELECT COUNT(*) AS n FROM inbox`,
      sql`SELECT ${text(books.dialect, sql`i.consumer`, sql`' took version '`, sql`i.version`, sql`' of '`, sql`o.order_id`, sql`', which is at '`, sql`o.version`)} AS what, 0 AS explained
        FROM inbox i JOIN orders o ON o.order_id = i.event_key WHERE i.version > o.version`,
    ),
}
