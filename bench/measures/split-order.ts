// What it costs an order that gateway and order module are processes of their own, and how several order processes
// share a hot product under each way of routing.

import { inArena } from '../support/arena.ts'
import type { BenchShop } from '../support/bench-shop.ts'
import { type Measure, median, type Run } from '../support/measure.ts'
import { signedInMembers } from '../support/members.ts'
import { cpuTime } from '../support/processes.ts'
import { orderOf, RETAIL_FILE, readRetailFile } from '../support/retail-file.ts'
import { countOf, load, unexpected } from '../support/wrk.ts'

const MEMBERS = 2_000
const CONNECTIONS = 512
/** Before anything counts, s: code is compiled in every process. */
const WARM_UP_S = 8

/** A shop under test, and whose CPU time counts as the order's. */
interface Contender {
  readonly name: string
  readonly shop: BenchShop
  readonly members: readonly string[]
  /** Processes on the order's own way, and all of the shop. */
  readonly way: readonly number[]
  readonly all: readonly number[]
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
  steps: run => run.rounds * (VARIANTS.length + 1),
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
        const { services, pid } = shop.running
        const pids = (service?: string) => services.now(service).map(each => each.pid!)
        const alone = split === undefined
        return {
          ...{ name, shop, members: await signedInMembers(shop.ledger, MEMBERS) },
          way: alone ? [pid] : [...pids('gateway'), ...pids('order')],
          all: alone ? [pid] : pids(),
        }
      }
      const one = await open('one process')
      const contenders = [one]
      for (const { name, split, routing } of VARIANTS) contenders.push(await open(name, split, routing))
      const turn = async (contender: Contender, seconds: number): Promise<Figures> => {
        const { shop, members, way, all } = contender
        const files = [body, arena.file('members', members)]
        const cpu = (pids: readonly number[]) => pids.reduce((sum, pid) => sum + cpuTime(pid), 0)
        const before = [cpu(way), cpu(all), cpuTime(shop.engine!.pid)] as const
        const result = await load({ kind: 'order', files, url: shop.url, connections: CONNECTIONS, seconds })
        const count = countOf(result, ['201'])
        await shop.outboxEmpty()
        const strange = unexpected(result, ['201'])
        if (strange !== null) problems.push(`${contender.name}: ${strange}`)
        return {
          rate: count / result.seconds,
          way: (cpu(way) - before[0]) / count,
          all: (cpu(all) - before[1]) / count,
          engine: (cpuTime(shop.engine!.pid) - before[2]) / count,
          p50: result.p50,
        }
      }
      for (const contender of contenders) await turn(contender, WARM_UP_S)
      const figures = await rounds(run, contenders, turn)
      for (const { shop } of contenders) problems.push(...(await shop.verify()))
      const ratio = (name: string, by: string, of: keyof Figures) =>
        median(figures.get(name)!.map((each, round) => each[of] / figures.get(by)![round]![of]))
      const notes = contenders.map(({ name }) => noteOf(name, figures.get(name)!))
      notes.push(`CPU of all processes ÷ one process: ${ratio('split', one.name, 'all').toFixed(2)}`)
      for (const { name } of VARIANTS.slice(1))
        notes.push(`${name} ÷ one order process: ${ratio(name, 'split', 'rate').toFixed(2)} of its orders/s`)
      return {
        rows: [
          {
            name: 'order through gateway and order service ÷ one process, CPU an order',
            value: ratio('split', one.name, 'way'),
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

/** Each contender in turn, so that a machine's moods meet all of them. */
async function rounds(
  run: Run,
  contenders: readonly Contender[],
  turn: (contender: Contender, seconds: number) => Promise<Figures>,
): Promise<ReadonlyMap<string, readonly Figures[]>> {
  const figures = new Map<string, Figures[]>(contenders.map(({ name }) => [name, []]))
  for (let round = 0; round < run.rounds; round++) {
    for (const contender of contenders) {
      figures.get(contender.name)!.push(await turn(contender, run.seconds))
      run.step()
    }
  }
  return figures
}

function noteOf(name: string, figures: readonly Figures[]): string {
  const of = (key: keyof Figures) => median(figures.map(each => each[key]))
  return (
    `${name}: ${Math.round(of('rate')).toLocaleString('en-GB')} orders/s · CPU ${of('way').toFixed(0)} µs on the way, ` +
    `${of('all').toFixed(0)} µs in all + engine ${of('engine').toFixed(0)} µs · p50 ${of('p50').toFixed(1)} ms`
  )
}
