// Progress of long work: a bar on a terminal, a line now and then in a log, nothing where a program reads.

import { formatBar, formatDuration, formatLine, type ProgressState } from './format-progress.ts'

/** Least time between two drawings on a terminal, ms: smooth to the eye, cheap to write. */
const REDRAW_MS = 100
/** Time between two lines where there is no terminal, ms: a log of an hour stays readable. */
const LINE_MS = 5_000
/** The rate is that of this last while, ms: long enough to be calm, short enough to show a change. */
const RATE_WINDOW_MS = 10_000
/** Least time between two points of that while, ms; bounds how many are kept. */
const SAMPLE_MS = 500

/** As much of a stream as progress needs; `process.stderr` fits. */
export interface ProgressStream {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

export interface ProgressOptions {
  readonly label: string
  /** Null or absent: the end is not known. */
  readonly total?: number | null
  /** What is counted, in the plural. */
  readonly unit: string
  /** Where a resumed work starts, so that what was done before does not count into the rate. */
  readonly done?: number
  /** True with `--json`: writes nothing. */
  readonly silent?: boolean
  /** Default: stderr, so that results on stdout stay clean. */
  readonly stream?: ProgressStream
  /** Epoch ms; default: the system clock. */
  readonly now?: () => number
}

export interface Progress {
  /** Says how much is done by now (not how much more). Cheap: draws only when it is time. */
  update(done: number, total?: number): void
  /** Draws the last state, with the time it all took, and ends the line. */
  finish(note?: string): void
}

export function createProgress(options: ProgressOptions): Progress {
  if (options.silent) return { update() {}, finish() {} }
  const stream = options.stream ?? process.stderr
  const now = options.now ?? Date.now
  const onTerminal = stream.isTTY === true
  const start = now()
  const first = options.done ?? 0
  let samples: Sample[] = [{ at: start, done: first }]
  let done = first
  let total = options.total ?? null
  let drawnAt = onTerminal ? Number.NEGATIVE_INFINITY : start

  const state = (rate: number | null): ProgressState => ({
    label: options.label,
    unit: options.unit,
    done,
    total,
    rate,
  })

  return {
    update(newDone, newTotal) {
      done = newDone
      if (newTotal !== undefined) total = newTotal
      const at = now()
      if (at - samples.at(-1)!.at >= SAMPLE_MS) samples = withoutOld([...samples, { at, done }], at)
      if (at - drawnAt < (onTerminal ? REDRAW_MS : LINE_MS)) return
      drawnAt = at
      const current = state(rateBetween(samples[0]!, { at, done }))
      // Back to the start of the line, drawn over, the rest of the old line erased.
      if (onTerminal) stream.write(`\r${formatBar(current, (stream.columns ?? 80) - 1)}\x1b[K`)
      else stream.write(`${formatLine(current)}\n`)
    },
    finish(note) {
      const at = now()
      const last = formatLine(state(rateBetween({ at: start, done: first }, { at, done })))
      const text = `${last}  in ${formatDuration((at - start) / 1000)}${note === undefined ? '' : `  ${note}`}`
      stream.write(onTerminal ? `\r${text}\x1b[K\n` : `${text}\n`)
    },
  }
}

interface Sample {
  /** Epoch ms. */
  readonly at: number
  readonly done: number
}

/** Keeps at least two, so that work that moves rarely still has a rate. */
function withoutOld(samples: Sample[], at: number): Sample[] {
  const firstRecent = samples.findIndex(sample => at - sample.at <= RATE_WINDOW_MS)
  return samples.slice(Math.min(Math.max(0, firstRecent), samples.length - 2))
}

/** Units a second; null when no time has passed. */
function rateBetween(from: Sample, to: Sample): number | null {
  return to.at > from.at ? ((to.done - from.done) * 1000) / (to.at - from.at) : null
}
