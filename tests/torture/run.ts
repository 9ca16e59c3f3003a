// `npm run torture -- --seeds A..B`: real engines, real faults, and the question whether every promise was kept.

import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import type { Site } from './site.ts'
import { type TortureOptions, type TortureResult, torture } from './torture.ts'
import { World } from './world.ts'

const HELP = `npm run torture -- --seeds A..B [--minutes N] [--engines real|embedded] [--out FOLDER] [--load SECONDS] [--faults N]

Each seed is a shop under a load of customers and a random schedule of faults, then calm, then judgement.
  --seeds A..B     which seeds; one number is one seed (default: a fresh one)
  --minutes N      begins no further seed after so long
  --engines        real (default): MariaDB, Redis, Kafka, three processes; embedded: one on SQLite
  --out FOLDER     where each run leaves its history, logs and page (default: .levee/torture)
  --load SECONDS   1 to 40 (default 40)
  --faults N       exactly so many, 1 to 8 (default: 3 to 8); with another load or number a seed is another schedule

Exit codes: 0 fine, 1 a promise was broken, 2 wrong usage.`

/** Longest load of a seed, s. */
const LOAD_MOST_S = 40
/** Most faults of a seed: more leave no time between them. */
const FAULTS_MOST = 8
/** Fresh seeds are below this: short enough to type. */
const SEEDS = 1_000_000

interface Wanted {
  readonly seeds: readonly number[]
  readonly minutes: number
  readonly embedded: boolean
  readonly out: string
  readonly load: number
  /** Null: as the seed wants. */
  readonly faults: number | null
}

const wanted = read()
process.exitCode = wanted === null ? 2 : await runAll(wanted)

function read(): Wanted | null {
  try {
    const { values } = parseArgs({
      options: {
        seeds: { type: 'string' },
        minutes: { type: 'string', default: 'Infinity' },
        engines: { type: 'string', default: 'real' },
        out: { type: 'string', default: path.join('.levee', 'torture') },
        load: { type: 'string', default: String(LOAD_MOST_S) },
        faults: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
    const seeds = seedsOf(values.seeds)
    const [minutes, load] = [Number(values.minutes), Number(values.load)]
    const faults = values.faults === undefined ? null : Number(values.faults)
    const few = faults === null || (Number.isInteger(faults) && faults >= 1 && faults <= FAULTS_MOST)
    const fits = few && minutes > 0 && load >= 1 && load <= LOAD_MOST_S
    if (values.help || seeds === null || !fits || !['real', 'embedded'].includes(values.engines)) {
      console.error(HELP)
      return null
    }
    return {
      seeds,
      minutes,
      embedded: values.engines === 'embedded',
      out: values.out,
      load: load * 1_000,
      faults,
    }
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${HELP}`)
    return null
  }
}

/** Null: not understood. */
function seedsOf(text: string | undefined): number[] | null {
  if (text === undefined) return [Math.floor(Math.random() * SEEDS)]
  const [, from, to] = /^(\d{1,9})(?:\.\.(\d{1,9}))?$/.exec(text) ?? []
  if (from === undefined) return null
  const count = Number(to ?? from) - Number(from) + 1
  return count < 1 ? null : Array.from({ length: count }, (_, i) => Number(from) + i)
}

async function runAll({ seeds, minutes, embedded, out, load, faults }: Wanted): Promise<number> {
  const begun = performance.now()
  console.log(embedded ? 'SQLite, one process.' : 'Starting MariaDB, Redis and Kafka …')
  const world = embedded ? null : await World.open()
  let site: Site | null = null
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => {
      console.log(`\n${signal}: ending`)
      void Promise.allSettled([site?.close(), world?.close()]).finally(() => process.exit(1))
    })
  const failed: number[] = []
  let ran = 0
  try {
    for (const seed of seeds) {
      if (performance.now() - begun > minutes * 60_000) break
      ran++
      const folder = path.join(out, `seed-${seed}`)
      const say = (line: string): void => console.log(`  ${line}`)
      const onSite = (opened: Site): void => {
        site = opened
      }
      if (!(await runOne({ seed, world, load, folder, say, onSite, ...(faults === null ? {} : { faults }) })))
        failed.push(seed)
    }
  } finally {
    await world?.close()
  }
  const left = seeds.length - ran
  console.log(`${ran} seeds tried, ${failed.length} failed${left > 0 ? `, ${left} not begun` : ''}.`)
  const same = [
    ...(embedded ? ['--engines embedded'] : []),
    ...(load === LOAD_MOST_S * 1_000 ? [] : [`--load ${load / 1_000}`]),
    ...(faults === null ? [] : [`--faults ${faults}`]),
  ].join(' ')
  for (const seed of failed)
    console.log(`failed: again with  npm run torture -- --seeds ${seed} ${same}`.trim())
  return failed.length === 0 ? 0 : 1
}

async function runOne(options: TortureOptions): Promise<boolean> {
  const { seed, folder } = options
  mkdirSync(folder, { recursive: true })
  console.log(`\nseed ${seed}`)
  try {
    const result = await torture(options)
    tell(result)
    return result.problems.length === 0
  } catch (error) {
    console.log(`  seed ${seed} broke off: ${(error as Error).stack}`)
    return false
  } finally {
    console.log(`  ${path.join(folder, 'report.html')}`)
  }
}

function tell({ seed, calls, rules, problems }: TortureResult): void {
  const checked = rules.map(({ name, checked }) => `${name} ${checked}`).join(', ')
  console.log(`  ${calls} calls; checked: ${checked}`)
  console.log(problems.length === 0 ? `  seed ${seed}: every promise was kept` : `  seed ${seed}: BROKEN`)
  for (const problem of problems.slice(0, 20)) console.log(`    ${problem}`)
  if (problems.length > 20) console.log(`    … and ${problems.length - 20} more, see result.json`)
}
