// `npm run simulate -- --seeds 1..10000`: whole shops on a virtual clock, one seed after the other, on all cores. Exits with 1
// where a promise was broken, or where the run did not meet all that it has to meet.

import { type ChildProcess, fork } from 'node:child_process'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { Coverage } from './coverage.ts'
import { unknownOf } from './known.ts'
import type { SeedResult } from './run-seed.ts'
import { seedRange } from './seed-range.ts'

/** What a process is to run next. */
export interface Order {
  readonly seeds: readonly number[]
  /** Name of the bug to plant; null: none. */
  readonly bug: string | null
  readonly harsh: boolean
  /** The history of every seed is wanted, not only of those that fail. */
  readonly whole: boolean
}

export interface Ran extends SeedResult {
  /** Time of a core that it took, ms: what others do on this machine does not count. */
  readonly cpu: number
}

/** Seeds that a process is given at once: often enough for the progress to show, seldom enough to cost nothing. */
const CHUNK = 20
/** Failing seeds whose histories are kept: nobody reads more. */
const KEPT_MOST = 20
/** What a seed makes is garbage after it: room for it, MiB, spares one part in twenty. */
const YOUNG = '--max-semi-space-size=64'
/** Pause between two lines of progress, ms. */
const SAY_MS = 2_000

const { values: options } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1..100' },
    out: { type: 'string' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    planted: { type: 'string' },
    harsh: { type: 'boolean', default: false },
    whole: { type: 'boolean', default: false },
    /** Ends with the first seed that fails. */
    first: { type: 'boolean', default: false },
  },
})

const { from, to } = seedRange(options.seeds)
const total = to - from + 1
const coverage = new Coverage()
const failed: number[] = []
/** Seeds that show nothing but what is known. */
const shown: number[] = []
const began = performance.now()
let next = from
let done = 0
let calls = 0
let cpu = 0
let saidAt = began
let folder: string | null = null

function order(): Order {
  const count = Math.min(
    options.first ? 1 : CHUNK,
    to - next + 1,
    Math.max(1, Math.ceil((to - next + 1) / 8)),
  )
  const seeds = Array.from({ length: Math.max(0, count) }, (_, i) => next + i)
  next += seeds.length
  return { seeds, bug: options.planted ?? null, harsh: options.harsh, whole: options.whole }
}

function take(ran: Ran): void {
  done++
  calls += ran.calls
  cpu += ran.cpu
  coverage.add(ran)
  if (ran.history.length > 0) keep(ran)
  const fresh = unknownOf(ran.violations)
  if (ran.violations.length > 0 && fresh.length === 0) shown.push(ran.seed)
  if (fresh.length > 0) {
    failed.push(ran.seed)
    console.log(`seed ${ran.seed} fails:`)
    for (const violation of fresh.slice(0, 10)) console.log(`  ${violation}`)
  }
  if (performance.now() - saidAt < SAY_MS && done < total) return
  saidAt = performance.now()
  const seconds = (saidAt - began) / 1_000
  console.log(
    `${done} of ${total} seeds, ${failed.length} failed, ${shown.length} show what is known, ${(done / seconds).toFixed(1)} seeds/s, ${(cpu / done).toFixed(0)} ms of a core each, ${calls} calls; ${coverage.summary}`,
  )
}

function keep({ seed, history, violations }: Ran): void {
  if (failed.length >= KEPT_MOST) return
  folder ??= options.out ?? mkdtempSync(path.join(tmpdir(), 'levee-simulation-'))
  mkdirSync(folder, { recursive: true })
  const file = path.join(folder, `seed-${seed}.jsonl`)
  writeFileSync(file, `${history.join('\n')}\n`)
  if (violations.length > 0) {
    writeFileSync(path.join(folder, `seed-${seed}.txt`), `${violations.join('\n')}\n`)
    console.log(`  history: ${file}; again: npm run simulate -- --seeds ${seed}`)
  }
}

function runChunks(): Promise<void> {
  return new Promise((resolve, reject) => {
    const child: ChildProcess = fork(new URL('./chunk.ts', import.meta.url), {
      stdio: 'inherit',
      execArgv: [YOUNG],
    })
    const go = (): void => {
      const todo = order()
      if (todo.seeds.length === 0 || (options.first && failed.length > 0)) child.disconnect()
      else child.send(todo)
    }
    child.on('message', (ran: Ran | null) => (ran === null ? go() : take(ran)))
    child.on('error', reject)
    child.on('exit', code => (code === 0 ? resolve() : reject(new Error(`a process ended with ${code}`))))
    go()
  })
}

await Promise.all(Array.from({ length: Math.min(Number(options.jobs), total) }, runChunks))
const missing = options.planted === undefined ? coverage.missing(total) : []
if (shown.length > 0)
  console.log(`what is known (known.ts) shows in: ${shown.sort((a, b) => a - b).join(' ')}`)
for (const each of missing) console.log(`not met: ${each}`)
console.log(
  failed.length === 0
    ? `${done} seeds, no ${shown.length > 0 ? 'other ' : ''}promise broken`
    : `failing seeds: ${failed.sort((a, b) => a - b).join(' ')}`,
)
process.exitCode = failed.length > 0 || missing.length > 0 ? 1 : 0
