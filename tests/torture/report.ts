// One page about one run: what happened over time, and whether every promise was kept. It needs nothing beside it.

import { ladders } from '../../resilience/ladders.ts'
import type { Entry } from '../../services/check/history.ts'
import { escaped, timeline } from './chart.ts'
import { percentile, type Series, seriesOf } from './series.ts'
import type { TortureResult } from './torture.ts'

/** Violations shown; the rest is in result.json. */
const SHOWN = 50

export function reportPage(entries: readonly Entry[], result: TortureResult): string {
  const series = seriesOf(entries, ladders)
  const kept = result.problems.length === 0
  const run = entries.find(entry => entry.type === 'run')
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Torture, seed ${result.seed}</title><style>${STYLE}</style></head><body>
<header><h1>Torture run, seed ${result.seed}</h1><p class="ko">고장 주입 시험, 시드 ${result.seed}</p>
<p class="verdict ${kept ? 'kept' : 'broken'}">${kept ? '✓ Every promise was kept · 모든 약속이 지켜졌습니다' : `✗ ${result.problems.length} violations · 위반 ${result.problems.length}건`}</p></header>
${summary(series, result, run?.engines ?? '')}
<figure>${timeline(series)}
<figcaption>Grey bands: a fault lasted. A ladder's lane is pale on its best rung and darker the lower it stood; a gap: the process was down.
<span class="ko">회색 띠는 장애 구간입니다. 사다리 줄은 가장 좋은 단에서 옅고, 내려갈수록 진합니다. 빈칸은 프로세스가 내려가 있던 시간입니다.</span></figcaption></figure>
${problems(result)}
<h2>What was checked <span class="ko">점검 결과</span></h2>
<table><thead><tr><th>Rule</th><th>Checked</th><th>Violations</th><th>Proves</th></tr></thead><tbody>
${result.rules.map(({ name, checked, violations, proves }) => checkedRow(name, checked, violations.length, proves)).join('\n')}
${result.books.map(({ name, checked, wrongCount, proves }) => checkedRow(`verify: ${name}`, checked, wrongCount, proves)).join('\n')}
</tbody></table>
<h2>Faults <span class="ko">장애</span></h2>
<table><thead><tr><th>Fault</th><th>Begins</th><th>Lasted</th></tr></thead><tbody>
${series.faults.map(({ label, from, to }) => `<tr><td>${escaped(label)}</td><td>${seconds(from - series.from)}</td><td>${seconds(to - from)}</td></tr>`).join('\n')}
</tbody></table>
<h2>“Not now” and unknown, by code <span class="ko">보류·불명 응답</span></h2>
<table><thead><tr><th>Code</th><th>Answers</th></tr></thead><tbody>
${series.errors.map(([code, count]) => `<tr><td>${escaped(code)}</td><td>${count}</td></tr>`).join('\n')}
</tbody></table></body></html>
`
}

function summary(series: Series, { calls, faults }: TortureResult, engines: string): string {
  const done = series.seconds.reduce((sum, { ok }) => sum + ok, 0)
  const all = series.seconds.flatMap(({ latencies }) => latencies)
  const unclear = series.errors.reduce((sum, [, count]) => sum + count, 0)
  const [p50, p99] = [percentile(all, 0.5) ?? 0, percentile(all, 0.99) ?? 0]
  const what = engines === 'real' ? 'three processes on MariaDB, Redis and Kafka' : 'one process on SQLite'
  const whatKo = engines === 'real' ? 'MariaDB·Redis·Kafka 위의 세 프로세스' : 'SQLite 위의 한 프로세스'
  const length = series.seconds.length
  return `<p>${calls} calls in ${length} s to ${what}, under ${faults.length} faults: ${done} done, ${unclear} answered “not now” or unknown and asked again; median ${p50} ms, 99th percentile ${p99} ms.</p>
<p class="ko">${length}초 동안 ${whatKo}에 ${calls}건을 요청하고 장애 ${faults.length}건을 일으켰습니다. 성공 ${done}건, 보류·불명 후 재요청 ${unclear}건, 중앙값 ${p50} ms, 99백분위 ${p99} ms.</p>`
}

function problems({ problems: all, seed }: TortureResult): string {
  if (all.length === 0) return ''
  const left = all.length - SHOWN
  return `<h2>Violations <span class="ko">위반</span></h2><ul class="problems">
${all
  .slice(0, SHOWN)
  .map(each => `<li>${escaped(each)}</li>`)
  .join('\n')}
</ul>${left > 0 ? `<p>… and ${left} more in result.json.</p>` : ''}
<p>Again: <code>npm run torture -- --seeds ${seed}</code></p>`
}

const checkedRow = (name: string, checked: number, wrong: number, proves: string): string =>
  `<tr class="${wrong === 0 ? '' : 'wrong'}"><td>${escaped(name)}</td><td>${checked}</td><td>${wrong}</td><td>${escaped(proves)}</td></tr>`

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

const STYLE = `
:root{color-scheme:light dark;--page:#fcfcfb;--ink:#1c1c1a;--soft:#5d5c57;--grid:#e3e2dc;--shade:#8a897f22;--ok:#2a78d6;--refused:#a3a198;--p50:#1baf7a;--p99:#4a3aa7;--fault:#c2410c;--good:#0f7a43;--bad:#c02626;
--k0:#eb6834;--k1:#eda100;--k2:#e87ba4;--k3:#4a3aa7;--k4:#1baf7a;--k5:#a3a198;--d0:#dbe7f5;--d1:#f0b35f;--d2:#d9662b}
@media (prefers-color-scheme:dark){:root{--page:#1a1a19;--ink:#f0efe9;--soft:#a9a79d;--grid:#383733;--shade:#b5b3a822;--ok:#3987e5;--refused:#77756c;--p50:#199e70;--p99:#9085e9;--fault:#d95926;--good:#3fbf7f;--bad:#f07070;
--k0:#d95926;--k1:#c98500;--k2:#d55181;--k3:#9085e9;--k4:#199e70;--k5:#77756c;--d0:#24384f;--d1:#a8711f;--d2:#c05a28}}
body{background:var(--page);color:var(--ink);font:15px/1.5 system-ui,sans-serif;max-width:1240px;margin:0 auto;padding:24px}
h1{margin:0;font-size:26px}h2{font-size:18px;margin:28px 0 8px}.ko{color:var(--soft)}header .ko{margin:0 0 8px}
.verdict{font-weight:600;font-size:17px}.kept{color:var(--good)}.broken,.problems,.wrong td{color:var(--bad)}
figure{margin:20px 0}figcaption{color:var(--soft);font-size:13px}svg{width:100%;height:auto;font:11px system-ui,sans-serif}
table{border-collapse:collapse;width:100%;font-size:13px}th,td{text-align:left;padding:4px 10px 4px 0;border-bottom:1px solid var(--grid);vertical-align:top}
.title{fill:var(--ink);font-weight:600;font-size:12px}.tick,.key{fill:var(--soft)}.in-bar{fill:#fff;font-size:10px}.depth-1+.in-bar{fill:#3a2500}.grid{stroke:var(--grid);stroke-width:1}.shade{fill:var(--shade)}
.line{fill:none;stroke-width:2;stroke-linejoin:round}.line.ok{stroke:var(--ok)}.line.refused{stroke:var(--refused)}.line.p50{stroke:var(--p50)}.line.p99{stroke:var(--p99)}
.fill.ok{fill:var(--ok)}.fill.refused{fill:var(--refused)}.fill.p50{fill:var(--p50)}.fill.p99{fill:var(--p99)}
.kind-0{fill:var(--k0)}.kind-1{fill:var(--k1)}.kind-2{fill:var(--k2)}.kind-3{fill:var(--k3)}.kind-4{fill:var(--k4)}.kind-5{fill:var(--k5)}
.fault{fill:var(--fault)}.rung.depth-0{fill:var(--d0)}.rung.depth-1{fill:var(--d1)}.rung.depth-2{fill:var(--d2)}`
