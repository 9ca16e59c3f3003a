// The shape of a measure and of its rows.

export interface BenchRow {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly goal: number
  readonly floor: number
  readonly better: 'higher' | 'lower'
}

export interface Outcome {
  readonly rows: readonly BenchRow[]
  /** Beside the rows: throughputs, CPU times, latencies; for the reader, not judged. */
  readonly notes: readonly string[]
  /** What makes the figures worthless: unexpected answers, an outbox that stays full, books that differ. */
  readonly problems: readonly string[]
}

/** How thoroughly to measure. */
export interface Run {
  /** Length of one load, s. */
  readonly seconds: number
  /** Interleaved rounds; figures are medians over them. */
  readonly rounds: number
  /** Numbers of connections shown beside the judged one. */
  readonly beside: readonly number[]
  /** True: shops can be profiled, and are while they are under the judged load. */
  readonly profile: boolean
  /** One of the measure's steps is done. */
  step(): void
}

/** One measure of the bench: sets up, runs, cleans up, and says what it saw. */
export interface Measure {
  readonly name: string
  readonly summary: string
  /** Only with --long. */
  readonly long?: boolean
  /** How often `run` will call `step`. */
  steps(run: Run): number
  run(run: Run): Promise<Outcome>
}

/** The middle one; of an even number the lower. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5 - Number.EPSILON)
}

/** The value below which `part` of all lie. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}

export function belowFloor(row: BenchRow): boolean {
  // A figure that is no number is no figure: never good enough.
  return !(row.better === 'higher' ? row.value >= row.floor : row.value <= row.floor)
}

export function reachesGoal(row: BenchRow): boolean {
  return row.better === 'higher' ? row.value >= row.goal : row.value <= row.goal
}
