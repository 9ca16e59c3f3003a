// How two order processes share a hot product under each way of routing (decision 017). Figures for the reader; no rows.

import { inArena } from '../support/arena.ts'
import { type Contender, Contest } from '../support/contenders.ts'
import type { Measure } from '../support/measure.ts'
import { ordering } from '../support/ordering.ts'
import { RETAIL_FILE } from '../support/retail-file.ts'

const VARIANTS = [
  { name: 'one order process', split: '', routing: 'first' },
  { name: 'two, first', split: 'order=2', routing: 'first' },
  { name: 'two, by key', split: 'order=2', routing: 'key' },
  { name: 'two, in turns', split: 'order=2', routing: 'turns' },
] as const

export const splitRouting: Measure = {
  name: 'split-routing',
  summary: 'orders on one hot product through two order processes, by way of routing; no rows',
  long: true,
  steps: run => Contest.steps(VARIANTS.length, run),
  run: run =>
    inArena(run, async arena => {
      const contest = new Contest(run)
      const contenders: Contender[] = []
      for (const { name, split, routing } of VARIANTS) {
        const env = { LEVEE_SERVICES_ORDER_ROUTING: routing }
        const shop = await arena.shop('mariadb', { catalogue: RETAIL_FILE, split, env })
        contenders.push({ ...(await ordering(arena, shop)), name })
      }
      await contest.hold(contenders)
      for (const { shop } of contenders) contest.problems.push(...(await shop!.verify()))
      const [one, ...two] = contenders
      return {
        rows: [],
        notes: [
          ...contest.notes(contenders, 'orders'),
          ...two.map(
            each =>
              `${each.name}: ${contest.ratio(each, one!).toFixed(2)} of the orders/s of one order process`,
          ),
        ],
        problems: contest.problems,
      }
    }),
}
