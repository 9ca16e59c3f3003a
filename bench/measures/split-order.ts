// What it costs an order that gateway and order module are processes of their own, and how several order processes
// share a hot product under each way of routing.

import { inArena } from '../support/arena.ts'
import type { BenchShop } from '../support/bench-shop.ts'
import { type Measure, median } from '../support/measure.ts'
import { signedInMembers } from '../support/members.ts'
import { cpuTime } from '../support/processes.ts'
import { orderOf, RETAIL_FILE, readRetailFile } from '../support/retail-file.ts'
import { countOf, load, unexpected } from '../support/wrk.ts'

const MEMBERS = 2_000
const CONNECTIONS = 512
/** Of the shop's log, shown when a process of it ends. */
const LOG_LINES = 30
/** Before anything counts, s: code is compiled in every process. */
const WARM_UP_S = 8

interface Contender {
  readonly name: string
  readonly shop: BenchShop
  readonly members: readonly string[]
}

interface Figures {
  readonly rate: number
  /** µs an order */
  readonly way: number
  readonly all: number
  readonly engine: number
  readonly p50: number
}

const VARIANTS = [
  { name: 'split', split: '', routing: 'first' },
  { name: 'split, two order processes, first', split: 'order=2', routing: 'first' },
  { name: 'split, two order processes, by key', split: 'order=2', routing: 'key' },
  { name: 'split, two order processes, in turns', split: 'order=2', routing: 'turns' },
] as const

export const splitOrder: Measure = {
  name: 'split-order',
  summary: 'orders on one hot product through services of their own beside one process, MariaDB',
  steps: run => run.rounds * VARIANTS.length,
  run: run =>
    inArena(run, async arena => {
      const retail = await readRetailFile()
      const body = arena.file('body', [orderOf(retail, [retail.hottest])])
      const problems: string[] = []
      const open = async (name: string, split?: string, routing = 'first'): Promise<Contender> => {
        const env = { LEVEE_SERVICES_ORDER_ROUTING: routing }
        const wishes = { catalogue: RETAIL_FILE, env, ...(split === undefined ? {} : { split }) }
        const shop = await arena.shop('mariadb', wishes)
        await shop.stockUp(await shop.administrator(), [retail.hottest])
        return { name, shop, members: await signedInMembers(shop.ledger, MEMBERS) }
      }
      const turn = async (contender: Contender, seconds: number): Promise<Figures> => {
        const { shop, members } = contender
        const files = [body, arena.file('members', members)]
        const pids = pidsOf(shop)
        const before = cpuOf(shop, pids)
        const result = await load({ kind: 'order', files, url: shop.url, connections: CONNECTIONS, seconds })
        const count = countOf(result, ['201'])
        await shop.outboxEmpty()
        const strange = unexpected(result, ['201'])
        if (strange !== null) problems.push(`${contender.name}: ${strange}`)
        if (pidsOf(shop).all.join() !== pids.all.join())
          throw new Error(
            `${contender.name}: a process ended\n${shop.running.log.slice(-LOG_LINES).join('\n')}`,
          )
        const after = cpuOf(shop, pids)
        const each = (part: keyof typeof after) => (after[part] - before[part]) / count
        const [way, all, engine] = [each('way'), each('all'), each('engine')]
        return { rate: count / result.seconds, way, all, engine, p50: result.p50 }
      }
      const one = await open('one process')
      await turn(one, WARM_UP_S)
      const ratios = new Map<string, Record<keyof Figures, number>>()
      const notes: string[] = []
      // Each beside the one process, in turns, so that a machine's moods meet both; and never more than two shops.
      for (const { name, split, routing } of VARIANTS) {
        const contender = await open(name, split, routing)
        await turn(contender, WARM_UP_S)
        const pairs: { one: Figures; split: Figures }[] = []
        for (let round = 0; round < run.rounds; round++) {
          pairs.push({ one: await turn(one, run.seconds), split: await turn(contender, run.seconds) })
          run.step()
        }
        problems.push(...(await contender.shop.verify()))
        await contender.shop.drop()
        ratios.set(name, ratiosOf(pairs))
        notes.push(
          noteOf(
            one.name,
            pairs.map(pair => pair.one),
          ),
          noteOf(
            name,
            pairs.map(pair => pair.split),
          ),
        )
      }
      problems.push(...(await one.shop.verify()))
      for (const [name, { rate, way, all }] of ratios)
        notes.push(
          `${name} ÷ one process: ${rate.toFixed(2)} of its orders/s, CPU ${way.toFixed(2)} on the way, ${all.toFixed(2)} in all`,
        )
      return {
        rows: [
          {
            name: 'order through gateway and order service ÷ one process, CPU an order',
            value: ratios.get(VARIANTS[0].name)!.way,
            unit: '×',
            goal: 1.5,
            floor: 2.2,
            better: 'lower',
          },
        ],
        notes,
        problems,
      }
    }),
}

/** Processes on the order's own way, and all of the shop. */
function pidsOf({ running }: BenchShop): { way: readonly number[]; all: readonly number[] } {
  const { services, pid } = running
  const all = services.now()
  if (all.length === 0) return { way: [pid], all: [pid] }
  const ids = (names: readonly string[] | null) =>
    all.filter(each => each.pid !== null && (names?.includes(each.service) ?? true)).map(each => each.pid!)
  return { way: ids(['gateway', 'order']), all: ids(null) }
}

function cpuOf(shop: BenchShop, { way, all }: ReturnType<typeof pidsOf>) {
  const sum = (pids: readonly number[]) => pids.reduce((total, pid) => total + cpuTime(pid), 0)
  return { way: sum(way), all: sum(all), engine: cpuTime(shop.engine!.pid) }
}

function ratiosOf(pairs: readonly { one: Figures; split: Figures }[]): Record<keyof Figures, number> {
  const of = (key: keyof Figures) => median(pairs.map(({ one, split }) => split[key] / one[key]))
  return { rate: of('rate'), way: of('way'), all: of('all'), engine: of('engine'), p50: of('p50') }
}

function noteOf(name: string, figures: readonly Figures[]): string {
  const of = (key: keyof Figures) => median(figures.map(each => each[key]))
  return (
    `${name}: ${Math.round(of('rate')).toLocaleString('en-GB')} orders/s · CPU ${of('way').toFixed(0)} µs on the way, ` +
    `${of('all').toFixed(0)} µs in all + engine ${of('engine').toFixed(0)} µs · p50 ${of('p50').toFixed(1)} ms`
  )
}
