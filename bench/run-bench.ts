// Runs measures one after the other and says what came out.

import { writeFileSync } from 'node:fs'
import { availableParallelism, cpus, totalmem } from 'node:os'
import { createProgress } from '../platform/progress/progress.ts'
import { ensureWrk } from './support/install-wrk.ts'
import { type BenchRow, belowFloor, type Measure, type Outcome, reachesGoal } from './support/measure.ts'

export interface BenchOptions {
  readonly measures: readonly Measure[]
  /** Length of one load, s. */
  readonly seconds: number
  readonly rounds: number
  readonly beside: readonly number[]
  readonly profile: boolean
  /** File for the rows as JSON. */
  readonly json?: string
}

/** Prints as it goes: notes of each measure when it is done, all rows at the end. True: clean, and no row below its floor. */
export async function runBench(options: BenchOptions): Promise<boolean> {
  await ensureWrk(line => console.error(line))
  console.log(machine())
  const rows: BenchRow[] = []
  let problems = 0
  for (const measure of options.measures) {
    console.log(`\n${measure.name}: ${measure.summary}`)
    const outcome = await perform(measure, options)
    for (const note of outcome.notes) console.log(`  ${note}`)
    for (const row of outcome.rows) console.log(`  ${lineOf(row)}`)
    for (const problem of outcome.problems) console.log(`  NOT CLEAN: ${problem}`)
    rows.push(...outcome.rows)
    problems += outcome.problems.length
    // After each measure: an interrupted bench leaves what it has.
    if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify({ rows }, null, 2)}\n`)
  }
  console.log(`\n${tableOf(rows)}`)
  const below = rows.filter(belowFloor)
  for (const row of below) console.log(`below its floor: ${row.name}`)
  if (problems > 0) console.log(`${problems} problems: see NOT CLEAN above; these figures do not count`)
  return below.length === 0 && problems === 0
}

async function perform(measure: Measure, options: BenchOptions): Promise<Outcome> {
  let done = 0
  const { seconds, rounds, beside, profile } = options
  const run = { seconds, rounds, beside, profile, step: () => progress.update(++done) }
  const progress = createProgress({ label: measure.name, unit: 'steps', total: measure.steps(run) })
  try {
    return await measure.run(run)
  } catch (error) {
    // The other measures still tell something.
    return { rows: [], notes: [], problems: [`it broke: ${(error as Error).stack}`] }
  } finally {
    progress.finish()
  }
}

function machine(): string {
  const { model = 'unknown CPU' } = cpus()[0] ?? {}
  const memory = Math.round(totalmem() / 2 ** 30)
  return `${availableParallelism()} × ${model.trim()}, ${memory} GiB, ${process.platform}, Node ${process.version}`
}

function verdict(row: BenchRow): string {
  if (belowFloor(row)) return 'BELOW FLOOR'
  return reachesGoal(row) ? 'goal reached' : 'ok'
}

const figure = (value: number): string => value.toPrecision(3)
const lineOf = (row: BenchRow): string =>
  `${row.name}: ${figure(row.value)} ${row.unit} (goal ${row.goal}, floor ${row.floor}): ${verdict(row)}`

function tableOf(rows: readonly BenchRow[]): string {
  const head = ['measure', 'value', 'goal', 'floor', 'verdict']
  const lines = rows.map(row => [
    row.name,
    `${figure(row.value)} ${row.unit}`,
    `${row.better === 'higher' ? '≥' : '≤'} ${row.goal}`,
    String(row.floor),
    verdict(row),
  ])
  const widths = head.map((title, i) => Math.max(title.length, ...lines.map(line => line[i]!.length)))
  return [head, ...lines]
    .map(line =>
      line
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
