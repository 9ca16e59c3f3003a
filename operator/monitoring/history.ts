// What was seen lately, by series. Bounded in time and in number; pure: time is in what is handed in.

import { type Sample, type Scrape, type Selector, selects, seriesKey } from './samples.ts'

/** Longer than any window of an indicator, ms. */
export const KEPT_MS = 15 * 60_000
/** A shop of a dozen processes has some 3,000; more is a label that grows without a bound. */
const SERIES_MOST = 20_000

export interface Point {
  /** Epoch ms. */
  readonly at: number
  readonly value: number
}

export interface Series extends Pick<Sample, 'name' | 'labels'> {
  readonly collector: string
  readonly points: readonly Point[]
}

interface Kept extends Series {
  readonly points: Point[]
}

export class History {
  private readonly series = new Map<string, Kept>()
  private readonly byName = new Map<string, Set<Kept>>()
  /** Series that were not taken in because there are too many; an indicator of its own. */
  refused = 0

  add({ collector, at, samples }: Scrape): void {
    for (const sample of samples) {
      const key = `${collector} ${seriesKey(sample)}`
      const kept = this.series.get(key) ?? this.begin(key, collector, sample)
      const last = kept?.points.at(-1)
      // A clock that went back: what is older than what is known says nothing new.
      if (kept === null || (last !== undefined && at <= last.at)) continue
      kept.points.push({ at, value: sample.value })
      while (kept.points[0]!.at < at - KEPT_MS) kept.points.shift()
    }
  }

  /** Series that have a point in the window that ends now, with these points. */
  within(selector: Selector, window: number, now: number): readonly Series[] {
    const found: Series[] = []
    for (const series of this.byName.get(selector.name) ?? []) {
      if (!selects(selector, series)) continue
      const points = series.points.filter(({ at }) => at > now - window && at <= now)
      if (points.length > 0) found.push({ ...series, points })
    }
    return found
  }

  /** Drops what nobody has seen for long. */
  forget(now: number): void {
    for (const [key, series] of this.series) {
      if (series.points.at(-1)!.at >= now - KEPT_MS) continue
      this.series.delete(key)
      this.byName.get(series.name)?.delete(series)
    }
  }

  private begin(key: string, collector: string, { name, labels }: Sample): Kept | null {
    if (this.series.size >= SERIES_MOST) {
      this.refused++
      return null
    }
    const kept: Kept = { name, labels, collector, points: [] }
    this.series.set(key, kept)
    const sameName = this.byName.get(name)
    if (sameName === undefined) this.byName.set(name, new Set([kept]))
    else sameName.add(kept)
    return kept
  }
}

/** How much a counter has grown over its points. One that is smaller than before was begun anew: all of it is new. */
export function increase(points: readonly Point[]): number {
  let grown = 0
  for (let i = 1; i < points.length; i++) {
    const [before, now] = [points[i - 1]!.value, points[i]!.value]
    grown += now >= before ? now - before : now
  }
  return grown
}
