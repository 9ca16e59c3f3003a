// Complete guest orders on one hot product: order, then payment by the sandbox in the shop's own process.

import { inArena } from '../support/arena.ts'
import { baselineNotes } from '../support/baselines.ts'
import { type Contender, Contest, contenderOf, yardstickOf } from '../support/contenders.ts'
import type { Measure } from '../support/measure.ts'
import { guests } from '../support/members.ts'
import { orderOf, RETAIL_FILE, readRetailFile } from '../support/retail-file.ts'

const GUESTS = 2_000

export const guestOrder: Measure = {
  name: 'guest-order',
  summary: 'complete guest orders (order, then payment) on one hot product, MariaDB beside bare Fastify',
  steps: run => Contest.steps(2, run),
  run: run =>
    inArena(run, async arena => {
      const retail = await readRetailFile()
      const shop = await arena.shop('mariadb', { catalogue: RETAIL_FILE })
      await shop.stockUp(await shop.administrator(), [retail.hottest])
      const email = { email: 'guest@example.org' }
      const files = [
        arena.file('body', [orderOf(retail, [retail.hottest], email)]),
        arena.file('guests', guests(GUESTS)),
      ]
      const fastify: Contender = {
        ...yardstickOf('Bare Fastify POST', await arena.bareFastify()),
        load: () => ({ kind: 'order', files }),
        successes: ['201'],
      }
      const mariadb: Contender = {
        ...contenderOf(shop),
        load: () => ({ kind: 'paid', files }),
        // An order counts when it is paid; placing it is half of the way.
        successes: ['201 paid'],
        expected: ['201'],
      }
      const contest = new Contest(run)
      await contest.hold([fastify, mariadb])
      contest.problems.push(...(await shop.verify()))
      return {
        rows: [
          {
            name: 'complete guest order, MariaDB ÷ bare Fastify POST',
            value: contest.ratio(mariadb, fastify),
            unit: '×',
            goal: 0.2,
            floor: 0.08,
            better: 'higher',
          },
        ],
        notes: [
          ...contest.notes([fastify, mariadb], 'complete orders or requests'),
          ...baselineNotes(contest, { fastify }),
          'Vendure 3.7.3 on MariaDB and Medusa 2.21.2 on PostgreSQL, two cores: 12–17 and 1.3–2.0 such orders/s at 32 clients',
        ],
        problems: contest.problems,
      }
    }),
}
