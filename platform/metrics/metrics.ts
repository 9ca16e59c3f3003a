// All metrics of one process, as Prometheus reads them.

import { Registry } from 'prom-client'
import type { BatchObserver } from '../sql/combiner.ts'
import { batchMetrics } from './batch-metrics.ts'
import { type HttpSource, httpMetrics } from './http-metrics.ts'
import { type LedgerSource, ledgerMetrics } from './ledger-metrics.ts'
import { processMetrics } from './process-metrics.ts'

export interface Metrics {
  /** For more metrics of one's own. */
  readonly registry: Registry
  readonly contentType: string
  /** To be handed to every combiner. */
  readonly observeBatch: BatchObserver
  /** What the HTTP server counts; once a process. */
  watchHttp(source: HttpSource): void
  /** All metrics as text; scrapes at the same moment share one reading. */
  text(): Promise<string>
  stop(): void
}

/** Without a ledger: a process that has none. */
export function createMetrics(ledger: LedgerSource | null): Metrics {
  const registry = new Registry()
  if (ledger !== null) ledgerMetrics(registry, ledger)
  const { stop } = processMetrics(registry)
  let reading: Promise<string> | null = null
  return {
    registry,
    contentType: registry.contentType,
    observeBatch: batchMetrics(registry),
    watchHttp: source => httpMetrics(registry, source),
    text: () => {
      reading ??= registry.metrics().finally(() => {
        reading = null
      })
      return reading
    },
    stop,
  }
}
