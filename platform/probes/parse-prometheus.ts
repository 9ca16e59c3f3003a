// Prometheus's text format, as `/metrics` answers it. Pure, and bounded: whoever answers may be broken, or another.

import { numberOf } from './probe.ts'

export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  /** Never NaN: a sample without a number is left out. May be infinite. */
  readonly value: number
}

export interface Samples {
  readonly samples: readonly Sample[]
  /** Lines that are none of the format, or were too many: what is read is not all that was said. */
  readonly ignored: number
}

/** Samples of one answer, most: a shop has some two thousand. */
const SAMPLES_MOST = 20_000
/** Labels of one sample, most. */
const LABELS_MOST = 30

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*/
const LABEL = /^\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\\n]|\\.)*)"\s*(,|(?=\}))/

/** @param most samples that are read */
export function parsePrometheus(text: string, most: number = SAMPLES_MOST): Samples {
  const samples: Sample[] = []
  let ignored = 0
  for (const raw of text.split('\n')) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    const sample = samples.length < most ? sampleOf(line) : 'ignored'
    if (sample === 'ignored') ignored++
    else if (!Number.isNaN(sample.value)) samples.push(sample)
  }
  return { samples, ignored }
}

function sampleOf(line: string): Sample | 'ignored' {
  const name = NAME.exec(line)?.[0]
  if (name === undefined) return 'ignored'
  let rest = line.slice(name.length)
  const labels: Record<string, string> = Object.create(null)
  if (rest.trimStart().startsWith('{')) {
    rest = rest.trimStart().slice(1)
    for (let i = 0; !rest.trimStart().startsWith('}'); i++) {
      const [whole, label, value] = LABEL.exec(rest) ?? []
      if (whole === undefined || i === LABELS_MOST) return 'ignored'
      labels[label!] = plainOf(value!)
      rest = rest.slice(whole.length)
    }
    rest = rest.trimStart().slice(1)
  } else if (!/^\s/.test(rest)) return 'ignored'
  // A time may follow: it is of no use here, as all is read at once.
  const [text = '', time, ...more] = rest.trim().split(/\s+/)
  const value = valueOfText(text)
  const isTime = time === undefined || /^-?\d+$/.test(time)
  return value === null || !isTime || more.length > 0 ? 'ignored' : { name, labels, value }
}

function valueOfText(text: string): number | null {
  if (/^nan$/i.test(text)) return Number.NaN
  const infinite = /^([+-]?)inf$/i.exec(text)
  if (infinite !== null) return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  return /^[+-]?[\d.]/.test(text) ? numberOf(text) : null
}

function plainOf(text: string): string {
  return text.replace(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character))
}

/** The value of the one sample of that name whose labels are these, among others; null: there is none, or more than one. */
export function sampleValue(
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | null {
  const found = samplesOf(samples, name, labels)
  return found.length === 1 ? found[0]!.value : null
}

export function samplesOf(
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): readonly Sample[] {
  const wanted = Object.entries(labels)
  return samples.filter(
    sample => sample.name === name && wanted.every(([label, value]) => sample.labels[label] === value),
  )
}
