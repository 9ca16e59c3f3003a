// One order alone: nobody to share a commit with. The combiner must not cost what it cannot give back.

import { inArena } from '../support/arena.ts'
import { LoneClient } from '../support/lone-client.ts'
import { type Measure, median, quantile } from '../support/measure.ts'
import { signedInMembers } from '../support/members.ts'
import { orderOf, RETAIL_FILE, readRetailFile } from '../support/retail-file.ts'

const MEMBERS = 100
/** Of each contender in each round: the tenth slowest of a thousand is its p99. */
const SAMPLES = 1_000
/** Orders in a row; then it is the other's turn, and both meet the same moods of the disk. */
const IN_A_ROW = 50
/** Before anything counts: code is compiled and connections are open. */
const WARM_UP = 500

export const loneOrder: Measure = {
  name: 'lone-order',
  summary: 'p99 of one order alone on MariaDB: combiner beside the naive way',
  steps: run => run.rounds,
  run: run =>
    inArena(run, async arena => {
      const retail = await readRetailFile()
      const shop = await arena.shop('mariadb', { catalogue: RETAIL_FILE })
      await shop.stockUp(await shop.administrator(), [retail.hottest])
      const members = await signedInMembers(shop.ledger, MEMBERS)
      const body = orderOf(retail, [retail.hottest])
      const combiner = new LoneClient(shop.url, 'combiner')
      const naive = new LoneClient((await arena.naive(shop)).url, 'naive')
      const round = async (samples: number) => {
        const times = { combiner: [] as number[], naive: [] as number[] }
        for (let i = 0; i < samples; i += IN_A_ROW) {
          const buyers = Array.from({ length: IN_A_ROW }, (_, j) => members[(i + j) % members.length]!)
          for (const buyer of buyers) times.combiner.push(await combiner.order(buyer, body))
          // What Levee still has to do for its orders must not slow the other down.
          await shop.outboxEmpty()
          for (const buyer of buyers) times.naive.push(await naive.order(buyer, body))
        }
        return times
      }
      await round(WARM_UP)
      const rounds: { combiner: number[]; naive: number[] }[] = []
      for (let i = 0; i < run.rounds; i++) {
        rounds.push(await round(SAMPLES))
        run.step()
      }
      combiner.close()
      naive.close()
      const at = (part: number, of: 'combiner' | 'naive') => rounds.map(times => quantile(times[of], part))
      const ratios = at(0.99, 'combiner').map((p99, i) => p99 / at(0.99, 'naive')[i]!)
      const note = (name: string, of: 'combiner' | 'naive') => {
        const [p50, p99] = [median(at(0.5, of)).toFixed(2), median(at(0.99, of)).toFixed(2)]
        return `${name}: p50 ${p50} ms, p99 ${p99} ms (medians of ${rounds.length} × ${SAMPLES} orders)`
      }
      return {
        rows: [
          {
            name: 'one order alone, p99, combiner ÷ naive',
            value: median(ratios),
            unit: '×',
            goal: 1,
            floor: 1.2,
            better: 'lower',
          },
        ],
        notes: [note('Levee, MariaDB', 'combiner'), note('Naive, MariaDB', 'naive')],
        problems: await shop.verify(),
      }
    }),
}
