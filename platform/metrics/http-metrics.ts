// What the HTTP server counts, under OpenTelemetry's names.

import { Counter, Gauge, type Registry } from 'prom-client'
import { type HistogramShape, PlainHistogram, Series } from './plain-histogram.ts'

/** Durations in seconds, with the bounds that OpenTelemetry's conventions advise. */
const DURATION: HistogramShape = {
  name: 'http_server_request_duration_seconds',
  help: 'Time from a request read to its answer written',
  buckets: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
  labelNames: ['http_request_method', 'http_route', 'http_response_status_code'],
}

/** The times of one route, one series a status. The route is the path as the contract writes it: bounded. */
export class RouteTimes {
  readonly byStatus = new Map<number, Series>()
  private readonly method: string
  private readonly route: string

  constructor(method: string, route: string) {
    this.method = method
    this.route = route
  }

  record(status: number, ms: number): void {
    let series = this.byStatus.get(status)
    if (series === undefined) {
      const labels = {
        http_request_method: this.method,
        http_route: this.route,
        http_response_status_code: status,
      }
      series = new Series(labels, DURATION.buckets)
      this.byStatus.set(status, series)
    }
    series.observe(ms / 1000)
  }
}

export interface HttpSource {
  readonly routes: readonly RouteTimes[]
  /** Requests refused so far, by code of the catalogue. */
  readonly refusals: ReadonlyMap<string, number>
  active(): number
}

export function httpMetrics(registry: Registry, { routes, refusals, active }: HttpSource): void {
  const series = () => routes.flatMap(({ byStatus }) => [...byStatus.values()])
  registry.registerMetric(new PlainHistogram(DURATION, series))
  new Gauge({
    name: 'http_server_active_requests',
    help: 'Requests being worked on',
    registers: [registry],
    collect() {
      this.set(active())
    },
  })
  new Counter({
    name: 'levee_refusals_total',
    help: 'Requests refused, by code; sold out and the like are right answers',
    labelNames: ['code'],
    registers: [registry],
    collect() {
      this.reset()
      for (const [code, count] of refusals) this.inc({ code }, count)
    },
  })
}
