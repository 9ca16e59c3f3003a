// Asks the collectors, each at its own pace and within its time. One that fails is an indicator itself, and never a zero.

import type { Clock } from '../../platform/module.ts'
import type { Sample, Scrape } from './samples.ts'

export interface Collector {
  readonly name: string
  /** Pause between two looks, ms. */
  readonly every: number
  /** Longest look, ms. */
  readonly limit: number
  /** Rejects where nobody can tell. */
  read(signal: AbortSignal): Promise<readonly Sample[]>
}

/** Whether each collector sees something; the indicator `blind` is made of it. */
export const COLLECTOR_UP = 'levee_collector_up'

export interface Collecting {
  /** Resolves when none is under way. */
  stop(): Promise<void>
}

export interface CollectDeps {
  readonly collectors: readonly Collector[]
  readonly clock: Clock
  take(scrape: Scrape): void
  /** Told when one begins to fail, and when it sees again. */
  changed(collector: string, problem: string | null): void
}

export function collect({ collectors, clock, take, changed }: CollectDeps): Collecting {
  const timers = new Map<Collector, NodeJS.Timeout>()
  const running = new Map<Collector, Promise<void>>()
  const failing = new Set<Collector>()
  let stopped = false

  async function look(collector: Collector): Promise<void> {
    const { name, limit } = collector
    const isUp = (value: number): Sample => ({ name: COLLECTOR_UP, labels: { collector: name }, value })
    try {
      const samples = await within(limit, signal => collector.read(signal))
      const finite = samples.filter(({ value }) => Number.isFinite(value))
      take({ collector: name, at: clock(), samples: [...finite, isUp(1)] })
      if (failing.delete(collector)) changed(name, null)
    } catch (error) {
      take({ collector: name, at: clock(), samples: [isUp(0)] })
      if (failing.has(collector)) return
      failing.add(collector)
      changed(name, (error as Error).message)
    }
  }

  function turn(collector: Collector): void {
    const under = look(collector).finally(() => {
      running.delete(collector)
      if (!stopped) timers.set(collector, setTimeout(turn, collector.every, collector))
    })
    running.set(collector, under)
  }

  for (const collector of collectors) turn(collector)
  return {
    async stop() {
      stopped = true
      for (const timer of timers.values()) clearTimeout(timer)
      await Promise.all(running.values())
    },
  }
}

/** Whoever does not heed the signal is left behind. */
async function within<T>(limit: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const aborting = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no answer within ${limit} ms`))
      aborting.abort()
    }, limit)
  })
  try {
    return await Promise.race([work(aborting.signal), late])
  } finally {
    clearTimeout(timer)
  }
}
