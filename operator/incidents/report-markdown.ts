// The report as Markdown, in one language. Pure.

import type { Language, Texts } from '../texts.ts'
import type { Impact } from './impact.ts'
import type { Report, ReportStep, ReportSymptom } from './report.ts'
import { grades, kinds, outcomes, services, shownDuration, shownTime, words } from './report-words.ts'

export interface Shown {
  readonly language: Language
  /** IANA name. */
  readonly timeZone: string
}

export function reportMarkdown(report: Report, shown: Shown): string {
  const { language, timeZone } = shown
  const t = (texts: Texts): string => texts[language]
  const time = (at: number): string => shownTime(at, timeZone)
  const end = report.end === null ? t(words.goesOn) : time(report.end)
  const duration = report.end === null ? t(words.goesOn) : shownDuration(report.end - report.start, language)
  const subject = report.cause?.subject ?? null
  const rows: readonly (readonly [Texts, string])[] = [
    [words.start, `${time(report.start)} (${timeZone})`],
    [words.end, end],
    [words.duration, duration],
    [words.noticed, shownDuration(report.openedAt - report.start, language)],
    [words.kind, report.kind === null ? t(words.unknown) : t(kinds[report.kind])],
    [words.grade, t(grades[report.level])],
    [words.services, subject === null ? t(words.unknown) : t(services[subject]!)],
    [words.acknowledged, report.acknowledged === null ? t(words.nobody) : report.acknowledged.who],
    [words.inCharge, t(words.toFill)],
    [words.date, t(words.toFill)],
  ]
  return `# ${t(words.report)} #${report.number}: ${t(report.title)}

| | |
| --- | --- |
${rows.map(([name, value]) => `| **${t(name)}** | ${cell(value)} |`).join('\n')}

## ${t(words.symptoms)}

${report.symptoms.map(symptom => `- ${symptomLine(symptom, shown)}`).join('\n') || t(words.unknown)}

## ${t(words.impact)}

${report.cause === null ? '' : `${t(report.cause.impact)}\n\n`}${impactLines(report.impact, language)}

## ${t(words.cause)}

${causeLine(report, language)}

## ${t(words.response)}

${report.steps.map(step => `- ${stepLine(step, shown)}`).join('\n') || t(words.nothingDone)}
${report.notes.map(({ at, who, text }) => `- ${time(at)} ${who}: ${text}`).join('\n')}

## ${t(words.improvements)}

${report.improvements.map(each => `- ${t(each)}`).join('\n') || t(words.toFill)}
`
}

const cell = (text: string): string => text.replaceAll('|', '\\|')

function symptomLine({ id, name, since, value }: ReportSymptom, { language, timeZone }: Shown): string {
  const seen = value === null ? '' : `: ${Math.round(value * 1000) / 1000}`
  return `${shownTime(since, timeZone)} ${name[language]} (${id})${seen}`
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
