// How the combiners batch: full batches under load, short waits always.

import type { Registry } from 'prom-client'
import type { BatchObserver } from '../sql/combiner.ts'
import { type HistogramShape, PlainHistogram, Series } from './plain-histogram.ts'

const labelNames = ['name'] as const
/** From one request alone to the largest batch. */
const SIZE: HistogramShape = {
  name: 'levee_batch_size',
  help: 'Requests decided in one transaction',
  buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512],
  labelNames,
}
/** Seconds: a commit on a good disk takes some 0.2 ms, a wait for a lock up to seconds. */
const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]
const WAIT: HistogramShape = {
  name: 'levee_batch_wait_seconds',
  help: 'How long the oldest request of a batch waited for its turn',
  buckets: SECONDS,
  labelNames,
}
const DURATION: HistogramShape = {
  name: 'levee_batch_duration_seconds',
  help: 'One batch from its first read to its commit',
  buckets: SECONDS,
  labelNames,
}

interface Batches {
  readonly size: Series
  readonly wait: Series
  readonly duration: Series
}

/** The observer to hand to every combiner. */
export function batchMetrics(registry: Registry): BatchObserver {
  const byName = new Map<string, Batches>()
  const all = (part: keyof Batches) => () => [...byName.values()].map(batches => batches[part])
  registry.registerMetric(new PlainHistogram(SIZE, all('size')))
  registry.registerMetric(new PlainHistogram(WAIT, all('wait')))
  registry.registerMetric(new PlainHistogram(DURATION, all('duration')))
  return ({ name, size, oldestWait, duration }) => {
    let batches = byName.get(name)
    if (batches === undefined) {
      const of = ({ buckets }: HistogramShape) => new Series({ name }, buckets)
      batches = { size: of(SIZE), wait: of(WAIT), duration: of(DURATION) }
      byName.set(name, batches)
    }
    batches.size.observe(size)
    batches.wait.observe(oldestWait / 1000)
    batches.duration.observe(duration / 1000)
  }
}
