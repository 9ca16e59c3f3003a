// A histogram that costs one short search and two additions an observation. prom-client's own hashes labels
// at each observation, some microseconds: too much for what happens with every request.

import { Histogram } from 'prom-client'

export interface HistogramShape {
  readonly name: string
  readonly help: string
  /** Upper bounds in the unit of the name, rising. */
  readonly buckets: readonly number[]
  readonly labelNames: readonly string[]
}

/** One set of labels of a histogram. */
export class Series {
  readonly labels: Readonly<Record<string, string | number>>
  readonly bounds: readonly number[]
  /** Observations per bucket, not cumulative; the last is above all bounds. */
  readonly counts: Float64Array
  sum = 0
  total = 0

  constructor(labels: Readonly<Record<string, string | number>>, bounds: readonly number[]) {
    this.labels = labels
    this.bounds = bounds
    this.counts = new Float64Array(bounds.length + 1)
  }

  observe(value: number): void {
    const { bounds } = this
    let bucket = 0
    while (bucket < bounds.length && value > bounds[bucket]!) bucket++
    this.counts[bucket]!++
    this.sum += value
    this.total++
  }
}

interface Sample {
  metricName: string
  value: number
  labels: Record<string, string | number>
  sharedLabels: Record<string, string | number>
}

/** Shows series in Prometheus' shape, made only when a scrape asks. */
export class PlainHistogram extends Histogram<string> {
  private readonly series: () => Iterable<Series>
  private readonly shape: HistogramShape

  constructor(shape: HistogramShape, series: () => Iterable<Series>) {
    const { name, help, buckets, labelNames } = shape
    super({ name, help, buckets: [...buckets], labelNames: [...labelNames], registers: [] })
    this.shape = shape
    this.series = series
  }

  /** prom-client asks this for its text, and its `get()` asks it too. */
  async getForPromString() {
    const { name, help } = this.shape
    const values: Sample[] = []
    for (const one of this.series()) values.push(...samples(name, one))
    return { name, help, type: 'histogram', aggregator: 'sum', values }
  }
}

function samples(name: string, { labels, bounds, counts, sum, total }: Series): Sample[] {
  const sharedLabels = { ...labels }
  const sample = (suffix: string, value: number, own: Sample['labels'] = {}): Sample => {
    return { metricName: `${name}_${suffix}`, value, labels: own, sharedLabels }
  }
  let below = 0
  const buckets = bounds.map((bound, i) => {
    below += counts[i]!
    return sample('bucket', below, { le: bound })
  })
  return [...buckets, sample('bucket', total, { le: '+Inf' }), sample('sum', sum), sample('count', total)]
}
