// This process: event loop, memory, CPU.

import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { Counter, Gauge, type Registry } from 'prom-client'

/** How often the event loop is looked at, ms: finer costs more than it tells. */
const RESOLUTION_MS = 20
const QUANTILES = { p50: 50, p90: 90, p99: 99 } as const

/** Measures from now until `stop`. Delays are of the time since the scrape before. */
export function processMetrics(registry: Registry): { stop(): void } {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delay.enable()
  for (const [name, percentile] of Object.entries(QUANTILES))
    gauge(registry, `nodejs_eventloop_delay_${name}_seconds`, `Event loop delay, ${name}`, () =>
      aboveRest(delay.percentile(percentile)),
    )
  gauge(registry, 'nodejs_eventloop_delay_mean_seconds', 'Event loop delay, mean', () =>
    aboveRest(delay.mean),
  )
  gauge(registry, 'nodejs_eventloop_delay_max_seconds', 'Event loop delay, longest', () => {
    const longest = aboveRest(delay.max)
    // The last of them to be read: the next scrape tells of its own time.
    delay.reset()
    return longest
  })
  let before = performance.eventLoopUtilization()
  gauge(registry, 'nodejs_eventloop_utilization_ratio', 'Share of time the event loop worked', () => {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, before)
    before = now
    return utilization
  })
  gauge(registry, 'process_resident_memory_bytes', 'Resident memory', () => process.memoryUsage.rss())
  gauge(registry, 'nodejs_heap_used_bytes', 'JavaScript heap in use', () => process.memoryUsage().heapUsed)
  const started = Math.floor(performance.timeOrigin / 1000)
  gauge(registry, 'process_start_time_seconds', 'Start of this process since 1970', () => started)
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'CPU time used, user and system',
    registers: [registry],
    collect() {
      const { user, system } = process.cpuUsage()
      this.reset()
      this.inc((user + system) / 1e6)
    },
  })
  return { stop: () => delay.disable() }
}

/** Nanoseconds between two looks as seconds too late; nothing seen yet is no number, or less than nothing. */
function aboveRest(ns: number): number {
  return Number.isFinite(ns) ? Math.max(0, ns / 1e9 - RESOLUTION_MS / 1e3) : 0
}

function gauge(registry: Registry, name: string, help: string, read: () => number): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read())
    },
  })
}
