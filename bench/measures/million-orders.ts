// What a million orders leave behind in the process: its memory, and how long an order takes then.

import { type Arena, inArena } from '../support/arena.ts'
import type { BenchShop } from '../support/bench-shop.ts'
import { LoneClient } from '../support/lone-client.ts'
import { type BenchRow, type Measure, median, quantile } from '../support/measure.ts'
import { signedInMembers } from '../support/members.ts'
import { residentMemory } from '../support/processes.ts'
import { drawer, orderOf, RETAIL_FILE, readRetailFile, seeded } from '../support/retail-file.ts'
import { countOf, load, unexpected } from '../support/wrk.ts'

const FEW = 10_000
const MANY = 1_000_000
/** Orders a load; after each the events must arrive, as they would on a day's sales. */
const AT_ONCE = 50_000
const CONNECTIONS = 128
const MEMBERS = 2_000
const BODIES = 5_000
/** Orders alone whose times are looked at, in three parts. */
const SAMPLES = 1_000
const PARTS = 3
/** Memory is looked at this often, this many times; the middle counts, because collections come and go. */
const LOOK_EVERY_MS = 100
const LOOKS = 20

interface State {
  /** Bytes. */
  readonly memory: number
  /** ms */
  readonly p99: number
}

export const millionOrders: Measure = {
  name: 'million-orders',
  summary: 'resident memory and order p99 after 1,000,000 orders ÷ after 10,000, SQLite and MariaDB',
  long: true,
  steps: () => 2 * (1 + Math.ceil((MANY - FEW) / AT_ONCE)),
  run: run =>
    inArena(run, async arena => {
      const rows: BenchRow[] = []
      const notes: string[] = []
      const problems: string[] = []
      for (const engine of ['sqlite', 'mariadb'] as const) {
        const shop = await arena.shop(engine, { catalogue: RETAIL_FILE })
        const sell = await seller(arena, shop, problems)
        await sell(FEW)
        const few = await stateOf(shop, sell.probe)
        run.step()
        for (let sold = FEW; sold < MANY; sold += AT_ONCE) {
          await sell(Math.min(AT_ONCE, MANY - sold))
          run.step()
        }
        const many = await stateOf(shop, sell.probe)
        problems.push(...(await shop.verify()))
        const of = { unit: '×', goal: 1.2, floor: 1.5, better: 'lower' } as const
        const after = `after 1,000,000 orders ÷ after 10,000, ${shop.name.slice('Levee, '.length)}`
        rows.push({ ...of, name: `resident memory ${after}`, value: many.memory / few.memory })
        rows.push({ ...of, name: `order p99 ${after}`, value: many.p99 / few.p99 })
        notes.push(`${shop.name}, after 10,000 orders: ${told(few)}; after 1,000,000: ${told(many)}`)
      }
      return { rows, notes, problems }
    }),
}

type Sell = ((orders: number) => Promise<void>) & { probe: () => Promise<number> }

async function seller(arena: Arena, shop: BenchShop, problems: string[]): Promise<Sell> {
  const retail = await readRetailFile()
  await shop.stockUp(await shop.administrator(), [...retail.prices.keys()])
  const members = await signedInMembers(shop.ledger, MEMBERS)
  const draw = drawer(retail, seeded(6))
  const bodies = Array.from({ length: BODIES }, () => orderOf(retail, [draw()]))
  const name = shop.name.replaceAll(/\W/g, '')
  const files = [arena.file(`${name}-bodies`, bodies), arena.file(`${name}-members`, members)]
  let probes = 0
  const sell = async (orders: number): Promise<void> => {
    const what = { kind: 'order', files, requests: orders } as const
    const result = await load({ ...what, url: shop.url, connections: CONNECTIONS, seconds: 0 })
    const strange = unexpected(result, ['201'])
    if (strange !== null) problems.push(`${shop.name}: ${strange}`)
    if (countOf(result, ['201']) < orders) problems.push(`${shop.name}: fewer than ${orders} were placed`)
    await shop.outboxEmpty()
  }
  const probe = async (): Promise<number> => {
    const client = new LoneClient(shop.url, `probe-${probes++}`)
    const times: number[] = []
    for (let i = 0; i < SAMPLES; i++)
      times.push(await client.order(members[i % members.length]!, bodies[i % bodies.length]!))
    client.close()
    return quantile(times, 0.99)
  }
  return Object.assign(sell, { probe })
}

async function stateOf(shop: BenchShop, probe: () => Promise<number>): Promise<State> {
  const p99s: number[] = []
  for (let part = 0; part < PARTS; part++) p99s.push(await probe())
  const memory: number[] = []
  for (let look = 0; look < LOOKS; look++) {
    memory.push(residentMemory(shop.running.pid))
    await new Promise(resolve => setTimeout(resolve, LOOK_EVERY_MS))
  }
  return { memory: median(memory), p99: median(p99s) }
}

const told = ({ memory, p99 }: State): string =>
  `${(memory / 2 ** 20).toFixed(0)} MiB, p99 of an order alone ${p99.toFixed(2)} ms`
