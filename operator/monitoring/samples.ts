// What a collector brings: numbers with names, as Prometheus writes them. Pure.

/** `NaN` and infinity are left out by whoever collects: they are no observation. */
export interface Sample {
  /** In base units, as Prometheus's conventions ask: seconds, bytes, ratios from 0 to 1. */
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** All that one collector saw at one time. */
export interface Scrape {
  readonly collector: string
  /** Epoch ms. */
  readonly at: number
  readonly samples: readonly Sample[]
}

/** Some series of one name: a label is as it is named here, or is found by its pattern as a whole. */
export interface Selector {
  readonly name: string
  readonly labels?: Readonly<Record<string, string | RegExp>>
}

export function selects({ name, labels = {} }: Selector, sample: Pick<Sample, 'name' | 'labels'>): boolean {
  if (sample.name !== name) return false
  return Object.entries(labels).every(([label, wanted]) => {
    const value = sample.labels[label] ?? ''
    return typeof wanted === 'string' ? value === wanted : whole(wanted).test(value)
  })
}

/** Prometheus anchors its patterns; so does this. */
const whole = (pattern: RegExp): RegExp => new RegExp(`^(?:${pattern.source})$`)

/** As PromQL writes it. */
export function promSelector({ name, labels = {} }: Selector): string {
  const parts = Object.entries(labels).map(([label, wanted]) =>
    typeof wanted === 'string'
      ? `${label}=${JSON.stringify(wanted)}`
      : `${label}=~${JSON.stringify(wanted.source)}`,
  )
  return parts.length === 0 ? name : `${name}{${parts.join(', ')}}`
}

/** One series has one key. */
export const seriesKey = ({ name, labels }: Pick<Sample, 'name' | 'labels'>): string =>
  JSON.stringify([name, ...Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))])
