// What a saturated shop of three processes goes on selling while Redis or Kafka is down, beside what it sells when all is well.
//
// The load is the mix of support/mix.ts by 64 connections at each process, each with one request under way (a closed loop). Shops,
// MariaDB, Redis, Kafka and the client share the machine's cores: all of them are busy, which is what saturates, and how busy they
// were is in the notes. An engine that is down needs no CPU, and its part goes to the others: a ratio above 1 is no mistake.
//
// Goodput is reads answered, orders paid and coupons granted (by the ledger, also those accepted first) a second, over the time from the
// first request until the last of them was granted and every event had arrived: work that is put off is not done.
//
// Phases alternate: well, Redis down, well, Kafka down, well and so on; each fault is divided by the mean of its two neighbours, and the
// median of these ratios counts, so that the moods of a machine cancel out. Nothing is measured before every ladder of every process
// has moved.

import { type Arena, inArena } from '../support/arena.ts'
import { Fleet, type Served } from '../support/fleet.ts'
import { isDown, movesOf } from '../support/ladder-moves.ts'
import { type Measure, median, type Run } from '../support/measure.ts'

const CONNECTIONS = 64
/** Rounds of four phases; with --quick one. */
const ROUNDS = 5
/** Before anything counts, s: code is compiled, memories are filled. */
const WARM_UP_S = 8
/** Before each phase, s: Redis came back empty, or pools have to grow. */
const WARM_PHASE_S = 2
/** Requests a second that no machine of today reaches. */
const MOST = 30_000

const FAULTS = ['redis', 'kafka'] as const
const NAMES = { redis: 'Redis', kafka: 'Kafka' } as const

const roundsOf = ({ rounds }: Run): number => (rounds > 1 ? ROUNDS : 1)
const warmOf = ({ rounds }: Run, seconds: number): number => (rounds > 1 ? seconds : Math.ceil(seconds / 4))

export const goodput: Measure = {
  name: 'goodput',
  summary: 'sales of three saturated processes with Redis or Kafka down ÷ with all engines',
  long: true,
  steps: run => 1 + 2 * FAULTS.length * roundsOf(run),
  run: run => inArena(run, arena => measure(arena, run)),
}

async function measure(arena: Arena, run: Run) {
  const fleet = await Fleet.open(arena)
  const load = (name: string, seconds: number) =>
    fleet.serve({ connections: CONNECTIONS, seconds }, name, MOST)
  let astray = 0
  const phase = async (name: string): Promise<Served> => {
    await load(`${name}, warming up`, warmOf(run, WARM_PHASE_S))
    const began = Date.now()
    const served = await load(name, run.seconds)
    astray += fleet.shops.flatMap(shop => movesOf(shop, began).filter(isDown)).length
    run.step()
    return served
  }
  const well: Served[] = []
  const down = { redis: [] as Served[], kafka: [] as Served[] }
  const ratios = { redis: [] as number[], kafka: [] as number[] }
  await load('warming up', warmOf(run, WARM_UP_S))
  well.push(await phase('well'))
  for (let round = 0; round < roundsOf(run); round++)
    for (const engine of FAULTS) {
      await fleet[engine].kill()
      await fleet.stepped(engine, 'down')
      const faulty = await phase(`${NAMES[engine]} down`)
      await fleet[engine].restart()
      await fleet.stepped(engine, 'up')
      const before = well.at(-1)!
      const after = await phase('well')
      well.push(after)
      down[engine].push(faulty)
      ratios[engine].push(faulty.goodput / ((before.goodput + after.goodput) / 2))
    }
  return {
    rows: FAULTS.map(engine => ({
      name: `sales goodput, three saturated processes: ${NAMES[engine]} down ÷ all engines`,
      ...{ value: median(ratios[engine]), unit: '×', goal: 0.9, floor: 0.7, better: 'higher' as const },
    })),
    notes: [
      told('all engines', well),
      `steps down during a phase, for no fault of ours: ${astray}`,
      ...FAULTS.flatMap(engine => [
        told(`${NAMES[engine]} down`, down[engine]),
        `${NAMES[engine]} down, each ÷ its neighbours: ${ratios[engine].map(ratio => ratio.toFixed(3)).join(' ')}`,
      ]),
    ],
    problems: [...fleet.problems, ...(await fleet.verify())],
  }
}

const percent = (part: number): string => `${(100 * part).toFixed(0)} %`

function told(name: string, all: readonly Served[]): string {
  const of = (figure: (served: Served) => number): number => median(all.map(figure))
  const rate = (what: (served: Served) => number): string => of(each => what(each) / each.seconds).toFixed(0)
  return [
    `${name}: ${of(each => each.goodput).toFixed(0)} good answers/s`,
    `a second ${rate(each => each.page + each.ranking)} reads, ${rate(each => each.paid)} orders paid, ` +
      `${rate(each => each.granted + each.accepted)} coupons`,
    `p50 ${of(each => each.p50)} ms, p99 ${of(each => each.p99)} ms`,
    `settled after ${of(each => each.settled).toFixed(2)} s`,
    `cores ${percent(of(each => each.cores))} busy, ${percent(of(each => each.others))} with what is not ours; client ` +
      `${percent(of(each => each.busy))} of one`,
  ].join(' · ')
}
