// Events through Kafka: whether the relay keeps up with orders at full load. Complete orders are what makes events for
// Kafka: that it was captured, and that it was paid.

import { inArena } from '../support/arena.ts'
import { CONNECTIONS, type Contender, Contest, contenderOf } from '../support/contenders.ts'
import { emptyOutbox, THROUGH_KAFKA } from '../support/event-backlog.ts'
import { type Measure, median } from '../support/measure.ts'
import { guests } from '../support/members.ts'
import { ordering } from '../support/ordering.ts'
import { orderOf, RETAIL_FILE, readRetailFile } from '../support/retail-file.ts'

const GUESTS = 2_000
/** Complete orders whose events lie in the outbox when the relay begins: seconds of its work. */
const BACKLOG = 10_000
/** Those that are not counted: code is compiled. */
const WARM_UP = 3_000

export const events: Measure = {
  name: 'events',
  summary:
    'events that leave the outbox through Kafka, confirmed by every consumer, beside orders at full load',
  steps: run => Contest.steps(2, run) + run.rounds,
  run: run =>
    inArena(run, async arena => {
      const retail = await readRetailFile()
      const wishes = { catalogue: RETAIL_FILE, with: ['redis', 'kafka'] } as const
      const shop = await arena.shop('mariadb', wishes)
      // Stands still while its outbox is filled, and then has nothing else to do.
      const drained = await arena.shop('mariadb', wishes)
      const { hottest } = retail
      await drained.stockUp(await drained.administrator(), [hottest])
      const email = { email: 'guest@example.org' }
      const complete: Contender = {
        ...contenderOf(shop),
        name: `${shop.name}: placed and paid`,
        load: () => ({
          kind: 'paid',
          files: [
            arena.file('body', [orderOf(retail, [hottest], email)]),
            arena.file('guests', guests(GUESTS)),
          ],
        }),
        successes: ['201 paid'],
        expected: ['201'],
      }
      const placed = { ...(await ordering(arena, shop)), name: `${shop.name}: placed` }
      const product = { productId: hottest, price: retail.prices.get(hottest)! }
      await emptyOutbox(drained, product, WARM_UP)
      const contest = new Contest(run)
      const all = [complete, placed]
      const rates: number[] = []
      const ratios = { complete: [] as number[], placed: [] as number[] }
      await contest.hold(all, async round => {
        const { perSecond, problem } = await emptyOutbox(drained, product, BACKLOG)
        if (problem !== null) contest.problems.push(problem)
        rates.push(perSecond)
        ratios.complete.push(perSecond / contest.round(complete, round).rate)
        ratios.placed.push(perSecond / contest.round(placed, round).rate)
        run.step()
      })
      for (const each of [shop, drained]) contest.problems.push(...(await each.verify()))
      const { outbox } = contest.middle(complete, CONNECTIONS)
      const each = THROUGH_KAFKA.length
      return {
        rows: [
          {
            name: 'events published by the relay through Kafka with a backlog, events/s ÷ complete orders/s at full load',
            value: median(ratios.complete),
            ...{ unit: '×', goal: 1.5, floor: 1, better: 'higher' },
          },
        ],
        notes: [
          ...contest.notes(all, 'orders'),
          `with a backlog of ${BACKLOG * each} such events and nothing else to do: ` +
            `${Math.round(median(rates)).toLocaleString('en-GB')} events/s left the outbox, each appended by all in-sync ` +
            `replicas, handled by every consumer that wants it and deleted`,
          `a complete order makes ${each} events for Kafka (${THROUGH_KAFKA.join(', ')}): above ${each} the backlog alone ` +
            `shrinks faster than orders at full load let it grow; during that load the relay shares the process with it, and ` +
            `the outbox was empty ${outbox?.toFixed(1)} s after it`,
          `÷ orders that are only placed, which make no event for Kafka (the relay writes their mail itself): ` +
            `${median(ratios.placed).toFixed(2)}`,
        ],
        problems: contest.problems,
      }
    }),
}
