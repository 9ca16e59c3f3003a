// The plan against a shop: steps in order per customer, several customers side by side.

import type { ReplayStep } from '../retail/plan.ts'
import { nothingDone, type StepDone, StepRefused } from './shopper.ts'

export interface ReplayOptions {
  /** Customers at once. */
  readonly clients: number
  /** Business time passes this many times faster than on the clock; null: as fast as possible. */
  readonly speed: number | null
  readonly run: (step: ReplayStep) => Promise<StepDone>
  readonly onProgress: (done: number) => void
  /** Epoch ms. */
  readonly now?: () => number
  readonly wait?: (ms: number) => Promise<void>
}

export interface ReplayResult extends StepDone {
  readonly steps: number
  /** Refusals by code, with one example each. There should be none. */
  readonly refused: Readonly<Record<string, { count: number; example: string }>>
}

/** Ends with the first error that is no refusal (the shop stayed away): what was done stays done. */
export async function replayPlan(
  steps: readonly ReplayStep[],
  options: ReplayOptions,
): Promise<ReplayResult> {
  const { clients, speed, run, onProgress, now = Date.now, wait = sleep } = options
  const total = nothingDone()
  const refused: Record<string, { count: number; example: string }> = {}
  /** The last step begun of each customer: the next one waits for it. */
  const tails = new Map<string, Promise<void>>()
  const active = new Set<Promise<void>>()
  let failure: unknown = null
  let done = 0
  const startedAt = now()
  const firstTime = steps[0]?.businessTimeMs ?? 0

  const perform = async (step: ReplayStep, before: Promise<void> | undefined): Promise<void> => {
    await before
    if (failure !== null) return
    try {
      add(total, await run(step))
    } catch (error) {
      if (error instanceof StepRefused) {
        const entry = refused[error.code] ?? { count: 0, example: error.message }
        entry.count++
        refused[error.code] = entry
      } else failure = error
    }
    onProgress(++done)
  }

  for (const step of steps) {
    if (failure !== null) break
    if (speed !== null) await until(startedAt + (step.businessTimeMs - firstTime) / speed, now, wait)
    while (active.size >= clients) await Promise.race(active)
    const customer = step.customerId ?? (step.kind === 'order' ? step.invoiceNo : step.cancellationNo)
    const task = perform(step, tails.get(customer))
    tails.set(customer, task)
    active.add(task)
    void task.finally(() => active.delete(task))
  }
  await Promise.all(active)
  if (failure !== null) throw failure
  return { ...total, steps: done, refused }
}

function add(total: { -readonly [K in keyof StepDone]: number }, step: StepDone): void {
  for (const key of Object.keys(total) as (keyof StepDone)[]) total[key] += step[key]
}

/** Timers of Node hold some 24 days; a longer one would end at once. */
const LONGEST_WAIT_MS = 86_400_000

async function until(moment: number, now: () => number, wait: (ms: number) => Promise<void>): Promise<void> {
  for (let left = moment - now(); left > 0; left = moment - now()) await wait(Math.min(left, LONGEST_WAIT_MS))
}

const sleep = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))
