// Panels of the page as SVG over one time axis. Pure text.

import { type Bar, percentile, type Series } from './series.ts'

/** Pixels of the drawing; it scales with the page. */
const WIDTH = 1200
const LEFT = 190
const RIGHT = 20
const PANEL = 110
const GAP = 40
const LANE = 18
/** Errors that have a colour of their own; the rest is summed up. */
const KINDS_MOST = 5
/** A letter of a bar's label, px: longer labels are shown by pointing only. */
const LETTER = 6.2

export function timeline(series: Series): string {
  const span = Math.max(1, series.seconds.length) * 1000
  const x = (t: number): number =>
    LEFT + (Math.min(span, Math.max(0, t - series.from)) / span) * (WIDTH - LEFT - RIGHT)
  const parts: string[] = []
  let top = GAP
  const panel = (title: string, height: number, body: (top: number) => string): void => {
    parts.push(`<text class="title" x="${LEFT}" y="${top - 10}">${escaped(title)}</text>${body(top)}`)
    top += height + GAP
  }
  panel('Answers a second: done, and refused for good / 초당 응답: 성공과 확정 거절', PANEL, at =>
    load(series, x, at),
  )
  panel('Answers a second that are “not now” or unknown / 초당 보류·불명 응답', PANEL, at =>
    errors(series, x, at),
  )
  panel('Latency, ms (logarithmic): median and 99th percentile / 지연 시간', PANEL, at =>
    latency(series, x, at),
  )
  const faultLanes = lanesOf(series.faults)
  panel('Faults / 장애', faultLanes.length * LANE, at => lanes(series.faults, faultLanes, x, at, 'fault'))
  const ladderLanes = lanesOf(series.ladders)
  panel('Where each ladder stood / 사다리별 현재 단', ladderLanes.length * LANE, at =>
    lanes(series.ladders, ladderLanes, x, at, 'rung'),
  )
  const ticks = Array.from({ length: Math.floor(span / 10_000) + 1 }, (_, i) => i * 10)
  const grid = ticks.map(second => {
    const at = x(series.from + second * 1000).toFixed(1)
    return `<line class="grid" x1="${at}" x2="${at}" y1="20" y2="${top - GAP + 6}"/><text class="tick" x="${at}" y="${top - GAP + 20}" text-anchor="middle">${second} s</text>`
  })
  const shades = series.faults.map(
    ({ from, to }) =>
      `<rect class="shade" x="${x(from).toFixed(1)}" width="${Math.max(1, x(to) - x(from)).toFixed(1)}" y="20" height="${top - GAP - 14}"/>`,
  )
  return `<svg viewBox="0 0 ${WIDTH} ${top}" role="img" aria-label="Time line of the run">${shades.join('')}${grid.join('')}${parts.join('')}</svg>`
}

type X = (t: number) => number
const middle = (series: Series, i: number): number => series.from + i * 1000 + 500
const number = (value: number): string => (value >= 10 ? String(Math.round(value)) : value.toFixed(1))

function axis(top: number, most: number): string {
  return [0, most]
    .map((value, i) => {
      const y = top + PANEL - i * PANEL
      return `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}"/><text class="tick" x="${LEFT - 8}" y="${y + 4}" text-anchor="end">${number(value)}</text>`
    })
    .join('')
}

function line(points: readonly (readonly [x: number, y: number])[], name: string): string {
  const path = points.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`).join('')
  return `<path class="line ${name}" d="${path}"/>`
}

const legend = (names: readonly (readonly [name: string, text: string])[], top: number): string =>
  names
    .map(
      ([name, text], i) =>
        `<rect class="${name}" x="12" y="${top + i * 18}" width="10" height="10" rx="2"/><text class="key" x="28" y="${top + 9 + i * 18}">${escaped(text)}</text>`,
    )
    .join('')

function load(series: Series, x: X, top: number): string {
  const { seconds } = series
  const most = Math.max(1, ...seconds.map(({ ok, refused }) => Math.max(ok, refused)))
  const y = (value: number): number => top + PANEL - (value / most) * PANEL
  const of = (pick: 'ok' | 'refused') =>
    line(
      seconds.map((second, i) => [x(middle(series, i)), y(second[pick])]),
      pick,
    )
  const names = [['fill ok', 'done'] as const, ['fill refused', 'refused'] as const]
  return axis(top, most) + of('refused') + of('ok') + legend(names, top + 6)
}

function errors(series: Series, x: X, top: number): string {
  const { seconds } = series
  const kinds = series.errors.slice(0, KINDS_MOST).map(([code]) => code)
  const totals = seconds.map(each => [...each.errors.values()].reduce((sum, count) => sum + count, 0))
  const most = Math.max(1, ...totals)
  const width = Math.max(1, x(series.from + 1000) - x(series.from) - 2)
  const bars = seconds.flatMap((second, i) => {
    let below = 0
    return [...kinds, 'others'].map((kind, at) => {
      const known = kinds.reduce((sum, each) => sum + (second.errors.get(each) ?? 0), 0)
      const count = kind === 'others' ? totals[i]! - known : (second.errors.get(kind) ?? 0)
      if (count === 0) return ''
      const height = (count / most) * PANEL
      below += height
      return `<rect class="fill kind-${at}" x="${(x(series.from + i * 1000) + 1).toFixed(1)}" y="${(top + PANEL - below).toFixed(1)}" width="${width.toFixed(1)}" height="${height.toFixed(1)}"><title>${i} s: ${count} ${escaped(kind)}</title></rect>`
    })
  })
  const more = series.errors.length > KINDS_MOST
  const names = [...kinds, ...(more ? ['others'] : [])].map((kind, at) => [`fill kind-${at}`, kind] as const)
  return axis(top, most) + bars.join('') + legend(names, top - 2)
}

function latency(series: Series, x: X, top: number): string {
  const decades = 4
  const y = (ms: number): number =>
    top + PANEL - (Math.min(decades, Math.max(0, Math.log10(Math.max(1, ms)))) / decades) * PANEL
  const scale = Array.from({ length: decades + 1 }, (_, i) => {
    const at = y(10 ** i)
    return `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}"/><text class="tick" x="${LEFT - 8}" y="${at + 4}" text-anchor="end">${10 ** i}</text>`
  })
  const of = (share: number, name: string) =>
    line(
      series.seconds.flatMap(({ latencies }, i) => {
        const value = percentile(latencies, share)
        return value === null ? [] : [[x(middle(series, i)), y(value)] as const]
      }),
      name,
    )
  const names = [['fill p99', '99th percentile'] as const, ['fill p50', 'median'] as const]
  return scale.join('') + of(0.99, 'p99') + of(0.5, 'p50') + legend(names, top + 6)
}

const lanesOf = (bars: readonly Bar[]): string[] => [...new Set(bars.map(({ lane }) => lane))]

function lanes(bars: readonly Bar[], names: readonly string[], x: X, top: number, kind: string): string {
  const labels = names.map(
    (name, i) =>
      `<text class="key" x="${LEFT - 8}" y="${top + i * LANE + 12}" text-anchor="end">${escaped(name)}</text>`,
  )
  const drawn = bars.map(({ lane, label, from, to, depth }) => {
    const y = top + names.indexOf(lane) * LANE + 1
    const width = Math.max(2, x(to) - x(from) - 1)
    const short = kind === 'fault' ? label.slice(label.indexOf(' ') + 1) : label
    const fits = (kind === 'fault' || depth > 0) && short.length * LETTER < width
    const text = fits
      ? `<text class="in-bar" x="${(x(from) + 4).toFixed(1)}" y="${y + 12}">${escaped(short)}</text>`
      : ''
    return `<g><title>${escaped(`${lane}: ${label}, ${((to - from) / 1000).toFixed(1)} s`)}</title><rect class="${kind} depth-${depth}" x="${x(from).toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${LANE - 3}" rx="2"/>${text}</g>`
  })
  return labels.join('') + drawn.join('')
}

export function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
