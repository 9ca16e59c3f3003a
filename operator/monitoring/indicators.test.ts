// Every row of the table: it enters when its condition is true, says so once, leaves when it is over, and says nothing of too
// few. And what Prometheus makes of the same series.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { BAD_S, badSpell, type SpellSeries, WELL_S } from '../../tests/support/bad-spell.ts'
import { promtool } from '../../tests/support/engines.ts'
import { atFirst, evaluate, type State } from './evaluate.ts'
import { History } from './history.ts'
import type { Indicator } from './indicator.ts'
import { indicators } from './indicators.ts'
import { measure } from './measure.ts'
import { alertName, prometheusRules } from './prometheus-rules.ts'
import { promSelector } from './samples.ts'

const rows: readonly Indicator[] = indicators
const alarmed = rows.filter(({ alarm }) => alarm !== null)
const S = 1_000

/** The transitions of one indicator over these series, one look a second. */
function transitions(row: Indicator, series: readonly SpellSeries[]): { to: State; second: number }[] {
  const history = new History()
  let standing = atFirst(0)
  const found: { to: State; second: number }[] = []
  for (let second = 1; second <= BAD_S + WELL_S; second++) {
    const samples = series.map(({ name, labels, values }) => ({ name, labels, value: values[second - 1]! }))
    history.add({ collector: 'test', at: second * S, samples })
    const { alarm, ...wanted } = row
    const measured = measure(history, wanted, second * S)
    const judged = evaluate(standing, { ...alarm!, bad: row.bad }, measured, second * S)
    standing = judged.standing
    if (judged.transition !== null) found.push({ to: judged.transition.to, second })
  }
  return found
}

it('has an id for each row, and every D of the manual with its threshold', () => {
  expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length)
  const manual = rows.filter(({ alarm }) => alarm?.by === 'manual')
  expect(manual.map(({ id, alarm, bad }) => [id, bad, alarm!.enter, alarm!.level])).toEqual([
    ['D1', 'high', 1_000, 'warning'],
    ['D2', 'high', 0.85, 'critical'],
    ['D3', 'high', 5, 'critical'],
    ['D4', 'low', 0.8, 'warning'],
    ['D5', 'high', 0.8, 'warning'],
    ['D6', 'high', 0.85, 'critical'],
    ['D7', 'high', 0.9, 'critical'],
    ['D8', 'high', 0.1, 'warning'],
    ['D9', 'high', 0.1, 'critical'],
    ['D10', 'high', 0.05, 'critical'],
    ['D11', 'high', 0.03, 'critical'],
    ['D12', 'high', 0.15, 'warning'],
  ])
})

describe.each(alarmed.map(row => [row.id, row] as const))('%s', (_, row) => {
  const spell = badSpell(row)

  it('is bad once and well again once', () => {
    const [bad, well, ...others] = transitions(row, spell).filter(({ to }, i) => i > 0 || to !== 'well')
    expect([bad?.to, well?.to, others]).toEqual(['bad', 'well', []])
    expect(bad!.second).toBeLessThanOrEqual(BAD_S)
    expect(well!.second).toBeGreaterThan(BAD_S)
  })

  it('says nothing where it has too little to go by', () => {
    // A hundredth of the events; of what has no events, no value at all.
    const little = row.source.kind === 'ratio' ? spell.map(series => scaled(series, 0.01)) : []
    expect(transitions(row, little)).toEqual([])
  })
})

const scaled = (series: SpellSeries, by: number): SpellSeries => ({
  ...series,
  values: series.values.map(value => value * by),
})

describe.skipIf(promtool() === null)('a real Prometheus', () => {
  it('takes the rules, and fires and resolves them on the same series', { timeout: 60_000 }, () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'levee-rules-'))
    try {
      writeFileSync(path.join(folder, 'rules.yml'), prometheusRules(rows))
      writeFileSync(path.join(folder, 'tests.yml'), JSON.stringify(ruleTests()))
      for (const args of [
        ['check', 'rules', 'rules.yml'],
        ['test', 'rules', 'tests.yml'],
      ]) {
        const { status, stdout, stderr } = spawnSync(promtool()!, args, { cwd: folder, encoding: 'utf8' })
        expect({ status, stderr }, stdout + stderr).toMatchObject({ status: 0 })
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

/** YAML is a superset of JSON. */
const ruleTests = () => ({
  rule_files: ['rules.yml'],
  evaluation_interval: '5s',
  tests: alarmed.map(row => ({
    name: row.id,
    interval: '1s',
    input_series: badSpell(row).map(({ values, ...series }) => ({
      series: promSelector(series),
      values: values.join(' '),
    })),
    alert_rule_test: [
      { eval_time: `${BAD_S - 5}s`, alertname: alertName(row.id), exp_alerts: [fired(row)] },
      { eval_time: `${BAD_S + WELL_S - 5}s`, alertname: alertName(row.id), exp_alerts: [] },
    ],
  })),
})

const fired = ({ id, subject, name, alarm }: Indicator) => ({
  exp_labels: { severity: alarm!.level, indicator: id, subject },
  exp_annotations: {
    ...{ summary: name.en, summary_ko: name.ko },
    ...{ response: alarm!.response, who: alarm!.who, threshold_by: alarm!.by },
  },
})
