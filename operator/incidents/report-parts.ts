// What a report says, part by part, in one language: each form of it is made of these. Pure.

import { shownTime } from '../shown-time.ts'
import type { Language, Texts } from '../texts.ts'
import type { Impact } from './impact.ts'
import type { Report, ReportStep, ReportSymptom } from './report.ts'
import { grades, kinds, outcomes, services, shownDuration, words } from './report-words.ts'

export interface Shown {
  readonly language: Language
  /** IANA name. */
  readonly timeZone: string
}

export interface Part {
  readonly heading: Texts
  readonly paragraphs: readonly string[]
  /** `**so**` is said with emphasis. */
  readonly items: readonly string[]
}

/** Its head: names and values. */
export function tableOf(
  report: Report,
  { language, timeZone }: Shown,
): readonly (readonly [Texts, string])[] {
  const t = (texts: Texts): string => texts[language]
  const time = (at: number): string => shownTime(at, timeZone)
  const subject = report.cause?.subject ?? null
  return [
    [words.start, `${time(report.start)} (${timeZone})`],
    [words.end, report.end === null ? t(words.goesOn) : time(report.end)],
    [
      words.duration,
      report.end === null ? t(words.goesOn) : shownDuration(report.end - report.start, language),
    ],
    [words.noticed, shownDuration(report.openedAt - report.start, language)],
    [words.kind, report.kind === null ? t(words.unknown) : t(kinds[report.kind])],
    [words.grade, t(grades[report.level])],
    [words.services, subject === null ? t(words.unknown) : t(services[subject]!)],
    [words.acknowledged, report.acknowledged === null ? t(words.nobody) : report.acknowledged.who],
    [words.inCharge, t(words.toFill)],
    [words.date, t(words.toFill)],
  ]
}

export function textOf(report: Report, shown: Shown): readonly Part[] {
  const { language, timeZone } = shown
  const t = (texts: Texts): string => texts[language]
  const unless = (items: readonly string[], otherwise: Texts): string[] =>
    items.length === 0 ? [t(otherwise)] : []
  const symptoms = report.symptoms.map(symptom => symptomLine(symptom, shown))
  const steps = report.steps.map(step => stepLine(step, shown))
  const notes = report.notes.map(({ at, who, text }) => `${shownTime(at, timeZone)} ${who}: ${text}`)
  const improvements = report.improvements.map(t)
  return [
    { heading: words.symptoms, paragraphs: unless(symptoms, words.unknown), items: symptoms },
    {
      heading: words.impact,
      paragraphs: [
        ...(report.cause === null ? [] : [t(report.cause.impact)]),
        impactLines(report.impact, language),
      ],
      items: [],
    },
    { heading: words.cause, paragraphs: [causeLine(report, language)], items: [] },
    { heading: words.response, paragraphs: unless(steps, words.nothingDone), items: [...steps, ...notes] },
    { heading: words.improvements, paragraphs: unless(improvements, words.toFill), items: improvements },
  ]
}

function symptomLine({ id, name, since, value, unit }: ReportSymptom, { language, timeZone }: Shown): string {
  const seen = value === null ? '' : `: ${shownValue(value, unit, language)}`
  return `${shownTime(since, timeZone)} ${name[language]} (${id})${seen}`
}

function shownValue(value: number, unit: ReportSymptom['unit'], language: Language): string {
  if (unit === 'yes or no') return (value > 0 ? words.yes : words.no)[language]
  if (unit === 'ratio') return `${Math.round(value * 1000) / 10} %`
  const rounded = Math.round(value * 1000) / 1000
  return unit === 'seconds' ? `${rounded} s` : String(rounded)
}

function stepLine({ at, what, outcome, evidence }: ReportStep, { language, timeZone }: Shown): string {
  const came = outcomes[outcome as keyof typeof outcomes]?.[language] ?? outcome
  return `${shownTime(at, timeZone)} ${what[language]}: **${came}** (${evidence})`
}

function impactLines(impact: Impact | null, language: Language): string {
  if (impact === null || impact.requests === null) return words.notCounted[language]
  const { requests, failed, ordersNotPlaced, paymentsNotMade, claimsNotTaken } = impact
  return language === 'ko'
    ? `장애 시간 동안 요청 ${requests}건 중 ${failed}건이 실패했습니다. 접수되지 못한 주문 ${ordersNotPlaced}건, 완료되지 못한 결제 ${paymentsNotMade}건, 처리되지 못한 쿠폰 신청 ${claimsNotTaken}건입니다.`
    : `Of ${requests} requests while it lasted, ${failed} failed: ${ordersNotPlaced} orders were not placed, ${paymentsNotMade} payments not made, ${claimsNotTaken} coupon claims not taken.`
}

function causeLine({ cause, confidence, symptoms }: Report, language: Language): string {
  if (cause === null) return words.unknown[language]
  const percent = `${Math.round(confidence * 100)} %`
  const shows = symptoms.filter(({ id }) => cause.shownBy.includes(id)).map(({ name }) => name[language])
  const follows = symptoms.filter(({ id }) => !cause.shownBy.includes(id)).map(({ name }) => name[language])
  if (language === 'ko')
    return `${cause.name.ko} (${words.confidence.ko} ${percent}). ${words.evidence.ko}: ${shows.join(', ')}.${follows.length > 0 ? ` 이로 인해 나타난 현상: ${follows.join(', ')}.` : ''}`
  return `${cause.name.en} (${words.confidence.en} ${percent}). ${words.evidence.en}: ${shows.join(', ')}.${follows.length > 0 ? ` What follows from it: ${follows.join(', ')}.` : ''}`
}
