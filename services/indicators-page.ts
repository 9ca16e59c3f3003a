// `docs/indicators.md` and the rules for Prometheus, made from the table of indicators. Run as a program (`npm run docs`) it
// writes both.

import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Alarm, Indicator, Unit } from '../operator/monitoring/indicator.ts'
import { indicators } from '../operator/monitoring/indicators.ts'
import { prometheusRules } from '../operator/monitoring/prometheus-rules.ts'
import { promSelector } from '../operator/monitoring/samples.ts'

const root = path.resolve(import.meta.dirname, '..')
export const INDICATORS_PAGE = path.join(root, 'docs/indicators.md')
export const RULES_FILE = path.join(root, 'deploy/prometheus/levee.rules.yml')

const rows: readonly Indicator[] = indicators

export const rulesFile = (): string => prometheusRules(rows)

export function indicatorsPage(): string {
  const alarms = rows.flatMap(row => (row.alarm === null ? [] : [alarmRow(row, row.alarm)]))
  const shown = rows.filter(({ alarm }) => alarm === null)
  return `# Indicators

<!-- Made from operator/monitoring/indicators.ts by \`npm run docs\`. Changes belong there. -->

The operator looks at these, and \`deploy/prometheus/levee.rules.yml\` says the same to a Prometheus. An indicator enters when it was beyond
its threshold for its stay, and leaves when it was back within the other threshold for its calm; between both it stays as it is. With
fewer than its least sample, or without any, it is *unknown*: neither well nor bad. A refusal that is the right answer (sold out, declined, too few
points) is no failure. Thresholds marked *ours* are not in the operations manual that Levee began with.

| Id | Indicator | 지표 | Enters | Leaves | Stay, calm | Window, least | Level | Response | Who | Threshold |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
${alarms.join('\n')}

## Shown without a threshold

| Id | Indicator | 지표 | Unit |
| --- | --- | --- | --- |
${shown.map(({ id, name, unit }) => `| ${id} | ${name.en} | ${name.ko} | ${unit} |`).join('\n')}

## Where each comes from

| Id | Source |
| --- | --- |
${rows.map(row => `| ${row.id} | ${sourceOf(row)} |`).join('\n')}
`
}

function alarmRow({ id, name, unit, bad, window, least }: Indicator, alarm: Alarm): string {
  const [sign, back] = unit === 'yes or no' ? ['not', ''] : bad === 'high' ? ['>', '≤'] : ['<', '≥']
  return `| ${[
    ...[id, name.en, name.ko],
    ...[`${sign} ${shownValue(alarm.enter, unit)}`, `${back} ${shownValue(alarm.leave, unit)}`.trim()],
    ...[`${seconds(alarm.stay)}, ${seconds(alarm.calm)}`, `${seconds(window)}, ${least}`],
    ...[alarm.level, alarm.response, alarm.who, alarm.by],
  ].join(' | ')} |`
}

function shownValue(value: number, unit: Unit): string {
  if (unit === 'yes or no') return 'yes'
  if (unit === 'ratio') return `${Math.round(value * 1000) / 10} %`
  if (unit === 'seconds') return value < 1 ? `${value * 1000} ms` : `${value} s`
  return unit === 'count' ? `${value}` : `${value} ${unit}`
}

function sourceOf({ source }: Indicator): string {
  if (source.kind === 'ratio')
    return `share of ${code(promSelector(source.part))} in ${code(promSelector(source.of))}`
  if (source.kind === 'rate') return `${code(promSelector(source.of))}, a second`
  return `${code(promSelector(source.of))}, ${source.over ?? 'latest'}`
}

const code = (text: string): string => `\`${text.replaceAll('|', '\\|')}\``
const seconds = (ms: number): string => `${ms / 1000} s`

if (import.meta.main) {
  mkdirSync(path.dirname(RULES_FILE), { recursive: true })
  writeFileSync(INDICATORS_PAGE, indicatorsPage())
  writeFileSync(RULES_FILE, rulesFile())
}
