// What it costs an order that gateway, order module and all others are processes of their own.

import { inArena } from '../support/arena.ts'
import { Contest } from '../support/contenders.ts'
import { type Measure, median } from '../support/measure.ts'
import { ordering } from '../support/ordering.ts'
import { RETAIL_FILE } from '../support/retail-file.ts'

/** On an order's own way; the others are asked beside it, or take its events. */
const WAY = ['gateway', 'order'] as const

export const split: Measure = {
  name: 'split',
  summary: 'orders on one hot product through services of their own beside one process, MariaDB',
  steps: run => Contest.steps(3, run),
  run: run =>
    inArena(run, async arena => {
      const catalogue = RETAIL_FILE
      const inOne = await arena.shop('mariadb', { catalogue })
      const split = await arena.shop('mariadb', { catalogue, split: '' })
      const split2 = await arena.shop('mariadb', { catalogue, split: 'order=2' })
      const one = { ...(await ordering(arena, inOne)), name: 'in one process' }
      const apart = { ...(await ordering(arena, split)), name: 'apart' }
      const two = { ...(await ordering(arena, split2)), name: 'apart, two order processes' }
      const all = [one, apart, two]
      const contest = new Contest(run)
      await contest.hold(all)
      for (const shop of [inOne, split, split2]) contest.problems.push(...(await shop.verify()))
      const rounds = [...Array(run.rounds).keys()]
      const ratio = (cpu: (round: number) => number) =>
        median(rounds.map(round => cpu(round) / contest.round(one, round).serverCpu))
      const way = (round: number) => {
        const { cpuOf } = contest.round(apart, round)
        return WAY.reduce((sum, name) => sum + cpuOf[name]!, 0)
      }
      return {
        rows: [
          {
            name: 'CPU of an order through gateway and order service as processes of their own ÷ in one process',
            value: ratio(round => contest.round(apart, round).serverCpu),
            ...{ unit: '×', goal: 1.5, floor: 2.2, better: 'lower' },
          },
        ],
        notes: [
          ...contest.notes(all, 'orders'),
          `counted are all processes of the shop, because the one process does all of it too; gateway and order service ` +
            `alone: ${ratio(way).toFixed(2)} ×`,
          `two order processes: ${contest.ratio(two, apart).toFixed(2)} of the orders/s of one`,
        ],
        problems: contest.problems,
      }
    }),
}
