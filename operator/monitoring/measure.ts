// The value of an indicator now, out of what was seen: a number, or that it is unknown. Pure.

import { type History, increase, type Point, type Series } from './history.ts'
import type { Selector } from './samples.ts'

/**
 * Where a value comes from, in a form from which PromQL can be made as well.
 * - `gauge`: the latest value of each series (or its mean over the window), and the worst of them
 * - `ratio`: of what some counters have grown by in the window, the share by which others have
 * - `rate`: by how much counters have grown in the window, a second
 */
export type Source =
  | { readonly kind: 'gauge'; readonly of: Selector; readonly over?: 'latest' | 'mean' | 'min' }
  | { readonly kind: 'ratio'; readonly part: Selector; readonly of: Selector }
  | { readonly kind: 'rate'; readonly of: Selector }

export interface Wanted {
  readonly source: Source
  /** ms */
  readonly window: number
  /** Of a gauge its points, of a ratio what the whole has grown by: fewer say nothing. */
  readonly least: number
  /** Whether high or low is bad: of several series the worst counts. */
  readonly bad: 'high' | 'low'
}

export interface Measured {
  /** Null: unknown, which is not zero. */
  readonly value: number | null
  /** What it rests on: points, or events. */
  readonly count: number
  /** Of the series that is the worst: which group, disk or engine. */
  readonly labels: Readonly<Record<string, string>>
}

const UNKNOWN: Measured = { value: null, count: 0, labels: {} }

export function measure(history: History, wanted: Wanted, now: number): Measured {
  const { source } = wanted
  if (source.kind === 'gauge') return gauge(history, wanted, source, now)
  const whole = growth(history, source.of, wanted.window, now)
  if (whole === null) return UNKNOWN
  if (source.kind === 'rate')
    return { value: whole.grown / (wanted.window / 1000), count: whole.points, labels: {} }
  if (whole.grown < Math.max(1, wanted.least)) return { ...UNKNOWN, count: whole.grown }
  // Counters of outcomes are there from the first outcome of their kind on: none of a kind is none, where the whole is seen.
  const part = growth(history, source.part, wanted.window, now)?.grown ?? 0
  return { value: part / whole.grown, count: whole.grown, labels: {} }
}

function gauge(
  history: History,
  { window, least, bad }: Wanted,
  { of, over = 'latest' }: Extract<Source, { kind: 'gauge' }>,
  now: number,
): Measured {
  let worst: Measured = UNKNOWN
  for (const { points, labels } of history.within(of, window, now)) {
    if (points.length < least) continue
    const value = OVER[over](points)
    const worse = worst.value === null || (bad === 'high' ? value > worst.value : value < worst.value)
    if (worse) worst = { value, count: points.length, labels }
  }
  return worst
}

const OVER = {
  latest: (points: readonly Point[]) => points.at(-1)!.value,
  mean: (points: readonly Point[]) => points.reduce((sum, { value }) => sum + value, 0) / points.length,
  min: (points: readonly Point[]) => Math.min(...points.map(({ value }) => value)),
} as const

/** Null: no series has two points, so nobody can tell. */
function growth(
  history: History,
  selector: Selector,
  window: number,
  now: number,
): { grown: number; points: number } | null {
  const series: readonly Series[] = history.within(selector, window, now)
  const counted = series.filter(({ points }) => points.length > 1)
  if (counted.length === 0) return null
  return {
    grown: counted.reduce((sum, { points }) => sum + increase(points), 0),
    points: counted.reduce((sum, { points }) => sum + points.length, 0),
  }
}
