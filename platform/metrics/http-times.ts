// Request durations as histograms, counted in plain arrays: on the hot path a request is one search through
// 14 numbers and two additions. Turned into Prometheus' shape only when asked for.

/** Bounds that OpenTelemetry's semantic conventions advise for HTTP durations, seconds. */
export const HTTP_BUCKETS = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
] as const

const BOUNDS_MS = HTTP_BUCKETS.map(seconds => seconds * 1000)

export interface Times {
  /** Requests per bucket, not cumulative; the last one is above all bounds. */
  readonly counts: Float64Array
  sumMs: number
  total: number
}

/** The times of one route, one histogram a status. */
export class RouteTimes {
  readonly method: string
  /** The path as written in the contract: bounded, unlike paths as asked for. */
  readonly route: string
  readonly byStatus = new Map<number, Times>()

  constructor(method: string, route: string) {
    this.method = method
    this.route = route
  }

  record(status: number, ms: number): void {
    let times = this.byStatus.get(status)
    if (times === undefined) {
      times = { counts: new Float64Array(BOUNDS_MS.length + 1), sumMs: 0, total: 0 }
      this.byStatus.set(status, times)
    }
    let bucket = 0
    while (bucket < BOUNDS_MS.length && ms > BOUNDS_MS[bucket]!) bucket++
    times.counts[bucket]!++
    times.sumMs += ms
    times.total++
  }
}
