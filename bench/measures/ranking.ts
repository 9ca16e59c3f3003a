// The live ranking: how long a paid order takes to be seen, and how fast the ranking is read meanwhile.

import { inArena } from '../support/arena.ts'
import { CONNECTIONS, type Contender, Contest, contenderOf, yardstickOf } from '../support/contenders.ts'
import { type Measure, quantile } from '../support/measure.ts'
import { LOOK_EVERY_MS, PER_SECOND, paidToVisible } from '../support/paid-to-visible.ts'
import { answersOf, fillRankings, ORDERS_PER_SECOND, RANKINGS, readTraffic } from '../support/read-traffic.ts'
import { RETAIL_FILE, readRetailFile } from '../support/retail-file.ts'

export const ranking: Measure = {
  name: 'ranking',
  summary: 'paid until visible in the ranking, and ranking reads through Redis beside bare Fastify GET',
  steps: run => Contest.steps(2, run) + 2 * run.rounds,
  run: run =>
    inArena(run, async arena => {
      const retail = await readRetailFile()
      const catalogue = RETAIL_FILE
      const shop = await arena.shop('mariadb', { catalogue, with: ['redis', 'kafka'] })
      // The rung below, for comparison.
      const below = await arena.shop('mariadb', { catalogue })
      const products = [...retail.prices].flatMap(([productId, price]) => (price > 0 ? [productId] : []))
      for (const each of [shop, below]) await each.stockUp(await each.administrator(), products)
      const traffic = await readTraffic(shop, retail)
      await fillRankings(shop, traffic.alongside)
      const fastifyServer = await arena.bareFastify(await answersOf(shop, new Set(RANKINGS)))
      const load = { kind: 'read', files: [arena.file('paths', RANKINGS)] } as const
      const same = { load: () => load, successes: ['200'] }
      const fastify: Contender = { ...yardstickOf('Bare Fastify GET', fastifyServer), ...same }
      const live: Contender = { ...contenderOf(shop), ...same, alongside: traffic.alongside }

      const contest = new Contest(run)
      const all = [fastify, live]
      const orders = Math.min(PER_SECOND * run.seconds, Math.floor(products.length / run.rounds))
      const waits = { live: [] as number[], below: [] as number[] }
      await contest.hold(all, async round => {
        const some = products.slice(round * orders, (round + 1) * orders)
        for (const [name, where] of [['live', shop] as const, ['below', below] as const]) {
          const found = await paidToVisible(where, retail, some, round * orders)
          waits[name].push(...found.waits)
          if (where === shop) traffic.noteSold(found.sold)
          contest.problems.push(...found.problems)
          run.step()
        }
      })
      const { oldest } = contest.middle(live, CONNECTIONS)
      contest.problems.push(...traffic.close(), ...(await shop.verify()), ...(await below.verify()))
      const told = (of: readonly number[]) =>
        `p50 ${quantile(of, 0.5).toFixed(0)} ms, p99 ${quantile(of, 0.99).toFixed(0)} ms, slowest ${Math.max(...of).toFixed(0)} ms`
      return {
        rows: [
          {
            ...{ name: 'paid → visible in the ranking, p99', value: quantile(waits.live, 0.99), unit: 'ms' },
            ...{ goal: 200, floor: 1_000, better: 'lower' },
          },
          {
            ...{
              name: `ranking reads while ${ORDERS_PER_SECOND} orders/s are paid, Redis with local memory ÷ bare Fastify GET`,
            },
            ...{ value: contest.ratio(live, fastify), unit: '×', goal: 0.85, floor: 0.6, better: 'higher' },
          },
        ],
        notes: [
          ...contest.notes(all, 'reads'),
          traffic.note(oldest),
          `paid → visible at ${PER_SECOND} orders/s, ${waits.live.length} orders, each of a product of its own: ` +
            `${told(waits.live)}; from the arrival of the payment's answer to that of a list, asked for every ` +
            `${LOOK_EVERY_MS} ms, with the product in it; every setting as it is by default (bestseller.staleness 2 s)`,
          `the same on MariaDB alone, where memory is only as fresh as declared: ${told(waits.below)}`,
        ],
        problems: contest.problems,
      }
    }),
}
