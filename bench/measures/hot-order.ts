// Orders on one hot product, from signed-in members.

import { inArena } from '../support/arena.ts'
import { baselineNotes } from '../support/baselines.ts'
import { type Contender, Contest, yardstickOf } from '../support/contenders.ts'
import type { Measure } from '../support/measure.ts'
import { ordering } from '../support/ordering.ts'
import { RETAIL_FILE } from '../support/retail-file.ts'

export const hotOrder: Measure = {
  name: 'hot-order',
  summary: 'orders on one hot product: MariaDB and SQLite beside bare Fastify and the naive way',
  steps: run => Contest.steps(4, run),
  run: run =>
    inArena(run, async arena => {
      const onMariadb = await arena.shop('mariadb', { catalogue: RETAIL_FILE })
      const onSqlite = await arena.shop('sqlite', { catalogue: RETAIL_FILE })
      const mariadb = await ordering(arena, onMariadb)
      const sqlite = await ordering(arena, onSqlite)
      const { load, successes } = mariadb
      const naiveServer = await arena.naive(onMariadb)
      const fastifyServer = await arena.bareFastify()
      const fastify: Contender = { ...yardstickOf('Bare Fastify POST', fastifyServer), load, successes }
      const naive: Contender = {
        ...yardstickOf('Naive, MariaDB', naiveServer, onMariadb.engine),
        ...{ load, successes },
      }

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
