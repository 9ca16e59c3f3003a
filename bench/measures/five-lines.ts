// Orders of five lines over all products, drawn with the popularity that they have in the December file.

import { inArena } from '../support/arena.ts'
import { type Contender, Contest, contenderOf, yardstickOf } from '../support/contenders.ts'
import type { Measure } from '../support/measure.ts'
import { signedInMembers } from '../support/members.ts'
import { drawer, orderOf, RETAIL_FILE, readRetailFile, seeded } from '../support/retail-file.ts'

const MEMBERS = 2_000
/** Different orders; then they come round. */
const ORDERS = 20_000
const LINES = 5

export const fiveLines: Measure = {
  name: 'five-lines',
  summary: "orders of 5 lines over all products with the file's popularity, MariaDB beside the naive way",
  steps: run => Contest.steps(2, run),
  run: run =>
    inArena(run, async arena => {
      const retail = await readRetailFile()
      const shop = await arena.shop('mariadb', { catalogue: RETAIL_FILE })
      await shop.stockUp(await shop.administrator(), [...retail.prices.keys()])
      const draw = drawer(retail, seeded(5))
      const bodies = Array.from({ length: ORDERS }, () =>
        orderOf(retail, Array.from({ length: LINES }, draw)),
      )
      const files = [
        arena.file('bodies', bodies),
        arena.file('members', await signedInMembers(shop.ledger, MEMBERS)),
      ]
      const same = { load: () => ({ kind: 'order' as const, files }), successes: ['201'] }
      const naive: Contender = {
        ...yardstickOf('Naive, MariaDB', await arena.naive(shop), shop.engine),
        ...same,
      }
      const mariadb: Contender = { ...contenderOf(shop), ...same }
      const contest = new Contest(run)
      await contest.hold([naive, mariadb])
      contest.problems.push(...(await shop.verify()))
      return {
        rows: [
          {
            name: 'order of 5 lines by popularity, MariaDB ÷ naive',
            value: contest.ratio(mariadb, naive),
            unit: '×',
            goal: 5,
            floor: 2,
            better: 'higher',
          },
        ],
        notes: [
          ...contest.notes([naive, mariadb], 'orders of 5 lines'),
          ...contest.engineNotes([naive, mariadb]),
        ],
        problems: contest.problems,
      }
    }),
}
