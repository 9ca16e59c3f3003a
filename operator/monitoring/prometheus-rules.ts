// The indicators as rules of Prometheus, for who has one: the same thresholds, windows and stays. Pure.

import type { Alarm, Indicator } from './indicator.ts'
import { promSelector, type Selector } from './samples.ts'

/** A file of rules, YAML. */
export function prometheusRules(indicators: readonly Indicator[]): string {
  const rules = indicators.flatMap(row => (row.alarm === null ? [] : [rule(row, row.alarm)]))
  return `# Made from operator/monitoring/indicators.ts by \`npm run docs\`. Changes belong there.
groups:
  - name: levee
    rules:
${rules.join('\n')}
`
}

/** `D1` becomes `LeveeD1`, `redis-up` `LeveeRedisUp`. */
export const alertName = (id: string): string =>
  `Levee${id
    .split('-')
    .map(part => part[0]!.toUpperCase() + part.slice(1))
    .join('')}`

function rule(row: Indicator, { level, response, stay, calm, who, by }: Alarm): string {
  return `      - alert: ${alertName(row.id)}
        expr: ${JSON.stringify(expression(row))}
        for: ${seconds(stay)}
        keep_firing_for: ${seconds(calm)}
        labels:
          severity: ${level}
          indicator: ${row.id}
          subject: ${row.subject}
        annotations:
          summary: ${JSON.stringify(row.name.en)}
          summary_ko: ${JSON.stringify(row.name.ko)}
          response: ${response}
          who: ${who}
          threshold_by: ${by}`
}

/** True where it is beyond its threshold, and has enough to rest on. */
export function expression({ source, window, least, bad, alarm }: Indicator): string {
  const beyond = `${bad === 'high' ? '>' : '<'} ${alarm!.enter}`
  const range = `[${seconds(window)}]`
  if (source.kind === 'rate') return `sum(rate(${promSelector(source.of)}${range})) ${beyond}`
  if (source.kind === 'ratio') {
    const grown = (of: Selector) => `sum(increase(${promSelector(of)}${range}))`
    // A kind of outcome that never was has no series yet.
    const part = `(${grown(source.part)} or vector(0))`
    return `${part} / ${grown(source.of)} ${beyond} and ${grown(source.of)} >= ${least}`
  }
  const worst = bad === 'high' ? 'max' : 'min'
  const series = promSelector(source.of)
  const { over = 'latest' } = source
  const value = over === 'latest' ? series : `${over === 'mean' ? 'avg' : 'min'}_over_time(${series}${range})`
  return `${worst}(${value}) ${beyond}`
}

const seconds = (ms: number): string => (ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`)
