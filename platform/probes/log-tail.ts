// The lines of a log around a moment, as evidence: bounded, and without secrets.

import { open } from 'node:fs/promises'
import { redactText } from '../log/redact-text.ts'
import { within } from '../within.ts'
import { logTime } from './parse-log-time.ts'
import { PROBE_MS } from './probe.ts'
import { probeFailure } from './probe-failed.ts'

/** Read from the end of a file at most, bytes: some thousand lines, in some milliseconds. */
const BYTES_MOST = 512 * 1024
/** Lines told at most: more nobody reads. */
const LINES_MOST = 100
/** Characters told of one line: a statement or an object can be a megabyte. */
const LINE_MOST = 2_000

export interface LogTailOptions {
  readonly file: string
  /** Epoch ms; absent: the end of the file. */
  readonly around?: number
  /** How far from that moment, ms, before and after; default 60,000. */
  readonly span?: number
  readonly lines?: number
  readonly bytes?: number
  /** Known ones, such as the engine's passwords: what looks like a secret is hidden without being named. */
  readonly secrets?: readonly string[]
  /** ms */
  readonly timeLimit?: number
}

export interface LogLine {
  /** Epoch ms; null: none stands before it. */
  readonly at: number | null
  readonly text: string
}

export interface LogTail {
  readonly lines: readonly LogLine[]
  /** There may be more of that time: the file was longer than what was read, or the lines more than were asked for. */
  readonly cut: boolean
}

/** @throws ProbeFailed, of kind `gone` where there is no such file */
export async function tailLog(options: LogTailOptions, signal: AbortSignal): Promise<LogTail> {
  const { file, bytes = BYTES_MOST, timeLimit = PROBE_MS } = options
  try {
    return await within(timeLimit, signal, async () => {
      const handle = await open(file, 'r')
      try {
        const { size } = await handle.stat()
        const from = Math.max(0, size - bytes)
        const buffer = Buffer.alloc(size - from)
        const { bytesRead } = await handle.read(buffer, 0, buffer.length, from)
        const text = buffer.toString('utf8', 0, bytesRead)
        // What begins in the middle of a line is no line.
        const whole = from === 0 ? text : text.slice(text.indexOf('\n') + 1)
        return selectLines(whole, from > 0, options)
      } finally {
        await handle.close()
      }
    })
  } catch (error) {
    throw probeFailure(file, error)
  }
}

/** `more`: there is something before this text. */
export function selectLines(
  text: string,
  more: boolean,
  { around, span = 60_000, lines: most = LINES_MOST, secrets = [] }: Omit<LogTailOptions, 'file'>,
): LogTail {
  const all: LogLine[] = []
  let at: number | null = null
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue
    at = logTime(line) ?? at
    all.push({ at, text: line })
  }
  const near = (line: LogLine): boolean =>
    around === undefined || (line.at !== null && Math.abs(line.at - around) <= span)
  const chosen = all.filter(near)
  const kept = nearest(chosen, around, most)
  const first = all.find(line => line.at !== null)?.at ?? null
  const startsLate = around !== undefined && (first === null || first > around - span)
  return {
    lines: kept.map(line => ({ at: line.at, text: shownOf(line.text, secrets) })),
    cut: kept.length < chosen.length || (more && (around === undefined || startsLate)),
  }
}

/** Cut only after what is secret is hidden: half of a secret would not be known for one. */
const shownOf = (text: string, secrets: readonly string[]): string =>
  redactText(text.slice(0, 4 * LINE_MOST), secrets).slice(0, LINE_MOST)

/** So many lines without a gap, as near to the moment as can be: half of them from before it. */
function nearest(lines: readonly LogLine[], around: number | undefined, most: number): readonly LogLine[] {
  if (lines.length <= most) return lines
  if (around === undefined) return lines.slice(-most)
  const after = lines.findIndex(({ at }) => at !== null && at > around)
  const middle = after < 0 ? lines.length : after
  const from = Math.min(Math.max(0, middle - Math.ceil(most / 2)), lines.length - most)
  return lines.slice(from, from + most)
}
