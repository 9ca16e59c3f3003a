// The time line of an incident as a picture: its symptoms as bars, what was done and told as marks, on one axis. Pure.

import { escaped } from '../escaped.ts'
import { shownTime } from '../shown-time.ts'
import type { Texts } from '../texts.ts'
import type { Report } from './report.ts'
import type { Shown } from './report-parts.ts'
import { outcomes, words } from './report-words.ts'

const WIDTH = 900
const LEFT = 300
const ROW = 30
/** Room right of the last moment, px: for the words of a mark there. */
const RIGHT = 20

const SYMPTOM = '#d9480f'
const HELPED = '#2b8a3e'
const OTHER = '#868e96'
const TOLD = '#1864ab'

interface Lane {
  readonly label: string
  readonly from: number
  /** Null: a moment. */
  readonly to: number | null
  readonly colour: string
  readonly note: string
}

export function timelineSvg(report: Report, { language, timeZone }: Shown): string {
  const t = (texts: Texts): string => texts[language]
  const last = report.end ?? Math.max(report.openedAt, ...report.facts.map(({ at }) => at))
  const lanes: Lane[] = [
    ...report.symptoms.map(
      ({ name, since }): Lane => ({ label: t(name), from: since, to: last, colour: SYMPTOM, note: '' }),
    ),
    ...report.steps.map(
      ({ at, what, outcome }): Lane => ({
        ...{ label: t(what), from: at, to: null },
        colour: outcome === 'helped' ? HELPED : OTHER,
        note: t(outcomes[outcome as keyof typeof outcomes] ?? { en: outcome, ko: outcome }),
      }),
    ),
    ...report.facts
      .filter(({ kind }) => kind === 'message')
      .map(
        ({ at, fact }): Lane => ({
          ...{ label: t(TELLING), from: at, to: null, colour: TOLD },
          note: waysOf(fact.told as string[]) || t(words.nobody),
        }),
      ),
  ]
  const start = Math.min(report.start, ...lanes.map(({ from }) => from))
  const end = Math.max(last, ...lanes.map(({ from, to }) => to ?? from), start + 1_000)
  const x = (at: number): number => LEFT + ((at - start) / (end - start)) * (WIDTH - LEFT - RIGHT - 160)
  const height = ROW * (lanes.length + 1) + 10
  const rows = lanes.map((lane, i) => laneSvg(lane, ROW * i + ROW / 2, x))
  const axis = ROW * lanes.length + ROW / 2
  const times = [start, (start + end) / 2, end].map(
    at =>
      `<text x="${px(x(at))}" y="${axis + 14}" text-anchor="middle" class="time">${shownTime(at, timeZone).slice(11)}</text>`,
  )
  return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escaped(t(report.title))}">
<style>text { font: 13px system-ui, "Noto Sans KR", "NanumGothic", sans-serif; fill: currentColor; } .time { font-size: 12px; opacity: .8; }</style>
<line x1="${LEFT}" x2="${px(x(end))}" y1="${axis}" y2="${axis}" stroke="currentColor" opacity=".4"/>
${rows.join('\n')}
${times.join('\n')}
</svg>`
}

const waysOf = (told: readonly string[]): string =>
  [...new Set(told.map(way => way.split(' ')[0]))].join(', ')
const TELLING: Texts = { en: 'People told', ko: '알림 발송' }

function laneSvg({ label, from, to, colour, note }: Lane, y: number, x: (at: number) => number): string {
  const name = `<text x="${LEFT - 12}" y="${y + 4}" text-anchor="end">${escaped(clipped(label))}</text>`
  if (to !== null) {
    const width = Math.max(3, x(to) - x(from))
    return `${name}<rect x="${px(x(from))}" y="${y - 7}" width="${px(width)}" height="14" rx="3" fill="${colour}"/>`
  }
  // A shape as well as a colour: the colour is not the only sign.
  const mark =
    colour === TOLD
      ? `<rect x="${px(x(from) - 5)}" y="${y - 5}" width="10" height="10" fill="${colour}"/>`
      : `<circle cx="${px(x(from))}" cy="${y}" r="6" fill="${colour}"/>`
  return `${name}${mark}<text x="${px(x(from) + 12)}" y="${y + 4}">${escaped(note)}</text>`
}

/** Room of a name beside its lane, in Latin letters; a Korean one takes nearly twice as much. */
const LABEL_MOST = 44
/** Where Hangul's first block begins: what lies above is wide. */
const WIDE = 0x1100
function clipped(text: string): string {
  const letters = [...text]
  let room = LABEL_MOST
  for (const [i, letter] of letters.entries()) {
    room -= letter.codePointAt(0)! >= WIDE ? 1.8 : 1
    if (room < 0) return `${letters.slice(0, i - 1).join('')}…`
  }
  return text
}
const px = (of: number): string => of.toFixed(1)
