// Asks the collectors, each at its own pace and within its time. One that fails is an indicator itself, and never a zero.

import type { Clock } from '../../platform/module.ts'
import { within } from '../../platform/within.ts'
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
  const stopping = new AbortController()

  async function look(collector: Collector): Promise<void> {
    const { name, limit } = collector
    const isUp = (value: number): Sample => ({ name: COLLECTOR_UP, labels: { collector: name }, value })
    try {
      const samples = await within(limit, stopping.signal, signal => collector.read(signal))
      const finite = samples.filter(({ value }) => Number.isFinite(value))
      take({ collector: name, at: clock(), samples: [...finite, isUp(1)] })
      if (failing.delete(collector)) changed(name, null)
    } catch (error) {
      // What was broken off says nothing of what it looked at.
      if (stopping.signal.aborted) return
      take({ collector: name, at: clock(), samples: [isUp(0)] })
      if (failing.has(collector)) return
      failing.add(collector)
      changed(name, (error as Error).message)
    }
  }

  function turn(collector: Collector): void {
    const under = look(collector).finally(() => {
      running.delete(collector)
      if (!stopping.signal.aborted) timers.set(collector, setTimeout(turn, collector.every, collector))
    })
    running.set(collector, under)
  }

  for (const collector of collectors) turn(collector)
  return {
    async stop() {
      stopping.abort()
      for (const timer of timers.values()) clearTimeout(timer)
      await Promise.all(running.values())
    },
  }
}
