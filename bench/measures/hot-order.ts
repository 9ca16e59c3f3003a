// Orders on one hot product, from signed-in members.

import { inArena } from '../support/arena.ts'
import { baselineNotes } from '../support/baselines.ts'
import { type Contender, Contest, contenderOf, yardstickOf } from '../support/contenders.ts'
import type { Measure } from '../support/measure.ts'
import { signedInMembers } from '../support/members.ts'
import { orderOf, RETAIL_FILE, readRetailFile } from '../support/retail-file.ts'

/** Enough that their sessions are really looked up, all the time: each is believed for five seconds. */
const MEMBERS = 2_000

export const hotOrder: Measure = {
  name: 'hot-order',
  summary: 'orders on one hot product: MariaDB and SQLite beside bare Fastify and the naive way',
  steps: run => Contest.steps(4, run),
  run: run =>
    inArena(run, async arena => {
      const retail = await readRetailFile()
      const onMariadb = await arena.shop('mariadb', { catalogue: RETAIL_FILE })
      const onSqlite = await arena.shop('sqlite', { catalogue: RETAIL_FILE })
      const members: string[] = []
      for (const shop of [onMariadb, onSqlite]) {
        await shop.stockUp(await shop.administrator(), [retail.hottest])
        members.splice(0, MEMBERS, ...(await signedInMembers(shop.ledger, MEMBERS)))
      }
      const naiveServer = await arena.naive(onMariadb)
      const fastifyServer = await arena.bareFastify()
      const files = [arena.file('body', [orderOf(retail, [retail.hottest])]), arena.file('members', members)]
      const load = () => ({ kind: 'order' as const, files })
      const same = { load, successes: ['201'] }
      const fastify: Contender = { ...yardstickOf('Bare Fastify POST', fastifyServer), ...same }
      const naive: Contender = { ...yardstickOf('Naive, MariaDB', naiveServer, onMariadb.engine), ...same }
      const mariadb: Contender = { ...contenderOf(onMariadb), ...same }
      const sqlite: Contender = { ...contenderOf(onSqlite), ...same }

      const contest = new Contest(run)
      const all = [fastify, naive, mariadb, sqlite]
      await contest.hold(all)
      for (const shop of [onMariadb, onSqlite]) contest.problems.push(...(await shop.verify()))
      const times = { unit: '×', better: 'higher' } as const
      return {
        rows: [
          {
            ...times,
            name: 'hot order, MariaDB ÷ bare Fastify POST',
            value: contest.ratio(mariadb, fastify),
            goal: 0.6,
            floor: 0.3,
          },
          {
            ...times,
            name: 'hot order, MariaDB ÷ naive',
            value: contest.ratio(mariadb, naive),
            goal: 20,
            floor: 8,
          },
          {
            ...times,
            name: 'hot order, SQLite ÷ bare Fastify POST',
            value: contest.ratio(sqlite, fastify),
            goal: 0.6,
            floor: 0.3,
          },
        ],
        notes: [
          ...contest.notes(all, 'orders'),
          ...contest.engineNotes(all),
          ...baselineNotes(contest, { fastify, naive }),
        ],
        problems: contest.problems,
      }
    }),
}
