// A history as series over time: what the page draws. Pure.

import type { Entry, Invoke, Outcome } from '../../services/check/history.ts'

export interface Second {
  /** Answers that did what was asked. */
  ok: number
  /** Answers that say "no", and mean it: sold out, declined. */
  refused: number
  /** "Not now" and unknown, by code. */
  errors: Map<string, number>
  latencies: number[]
}

export interface Bar {
  readonly lane: string
  readonly label: string
  readonly from: number
  readonly to: number
  /** 0: the best rung; of a fault: 0. */
  readonly depth: number
}

export interface Series {
  /** Epoch ms of the left edge. */
  readonly from: number
  readonly seconds: readonly Second[]
  readonly faults: readonly Bar[]
  /** Where each ladder of each process stood. */
  readonly ladders: readonly Bar[]
  /** How often each code came, most often first. */
  readonly errors: readonly (readonly [code: string, count: number])[]
}

/** `orders`: the rungs of each ladder, best first. */
export function seriesOf(
  entries: readonly Entry[],
  orders: Readonly<Record<string, readonly string[]>>,
): Series {
  const timed = entries.filter(entry => entry.type === 'invoke')
  const from = timed[0]?.t ?? 0
  const to = Math.max(
    from,
    ...entries.filter(({ type }) => type === 'outcome').map(each => (each as Outcome).t),
  )
  const seconds: Second[] = Array.from({ length: Math.floor((to - from) / 1000) + 1 }, () => ({
    ...{ ok: 0, refused: 0, errors: new Map(), latencies: [] },
  }))
  const invokes = new Map<number, Invoke>(timed.map(entry => [entry.id, entry]))
  const errors = new Map<string, number>()
  for (const entry of entries) {
    if (entry.type !== 'outcome') continue
    const second = seconds[Math.floor((entry.t - from) / 1000)]!
    second.latencies.push(entry.t - invokes.get(entry.id)!.t)
    if (entry.result === 'ok') second.ok++
    else if (entry.result === 'refused' && entry.later !== true) second.refused++
    else {
      const code = entry.code ?? 'unknown'
      second.errors.set(code, (second.errors.get(code) ?? 0) + 1)
      errors.set(code, (errors.get(code) ?? 0) + 1)
    }
  }
  return {
    ...{ from, seconds, faults: faultBars(entries, to), ladders: ladderBars(entries, from, to, orders) },
    errors: [...errors].sort((a, b) => b[1] - a[1]),
  }
}

/** The value below which a share of them lies; null: there are none. */
export function percentile(values: readonly number[], share: number): number | null {
  if (values.length === 0) return null
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!
}

function faultBars(entries: readonly Entry[], to: number): Bar[] {
  const open = new Map<string, number>()
  const bars: Bar[] = []
  const lane = (name: string): string => name.split(' ')[0]!
  for (const entry of entries) {
    if (entry.type !== 'fault') continue
    if (entry.phase === 'begin') open.set(entry.name, entry.t)
    else {
      const begun = open.get(entry.name) ?? entry.t
      open.delete(entry.name)
      bars.push({ lane: lane(entry.name), label: entry.name, from: begun, to: entry.t, depth: 0 })
    }
  }
  for (const [name, t] of open) bars.push({ lane: lane(name), label: name, from: t, to, depth: 0 })
  return bars
}

/** A process that has not moved stands on its best rung, and one that was killed begins there again. */
function ladderBars(
  entries: readonly Entry[],
  from: number,
  to: number,
  orders: Readonly<Record<string, readonly string[]>>,
): Bar[] {
  const processes = [
    ...new Set(entries.flatMap(each => (each.type === 'ladder' ? [each.process] : []))),
  ].sort()
  return Object.entries(orders).flatMap(([ladder, rungs]) =>
    processes.flatMap(process => {
      const bars: Bar[] = []
      let since = from
      let rung = rungs[0]!
      const until = (t: number, next: string): void => {
        const depth = Math.max(0, rungs.indexOf(rung))
        if (t > since) bars.push({ lane: `${ladder} ${process}`, label: rung, from: since, to: t, depth })
        since = Math.max(since, t)
        rung = next
      }
      for (const entry of entries) {
        const killed = entry.type === 'fault' && entry.name.startsWith(`${process} killed`)
        if (entry.type === 'ladder' && entry.ladder === ladder && entry.process === process)
          until(entry.t, entry.to)
        else if (killed && entry.phase === 'begin') until(entry.t, '')
        else if (killed) {
          // Down: nothing is drawn.
          since = entry.t
          rung = rungs[0]!
        }
      }
      until(to, rung)
      return bars
    }),
  )
}
