// The report as one page that needs nothing else: the same words as in Markdown, with the time line as a picture. Pure.

import { escaped } from '../escaped.ts'
import { shownTime } from '../shown-time.ts'
import type { Texts } from '../texts.ts'
import type { Report } from './report.ts'
import { type Shown, tableOf, textOf } from './report-parts.ts'
import { words } from './report-words.ts'
import { timelineSvg } from './timeline-svg.ts'

export function reportHtml(report: Report, shown: Shown): string {
  const t = (texts: Texts): string => escaped(texts[shown.language])
  const title = `${t(words.report)} #${report.number}: ${t(report.title)}`
  const rows = tableOf(report, shown)
    .map(([name, value]) => `<tr><th scope="row">${t(name)}</th><td>${escaped(value)}</td></tr>`)
    .join('\n')
  const parts = textOf(report, shown)
    .map(({ heading, paragraphs, items }) => {
      const list = items.map(item => `<li>${emphasised(item)}</li>`).join('\n')
      return `<section><h2>${t(heading)}</h2>
${paragraphs.map(each => `<p>${escaped(each)}</p>`).join('\n')}
${list === '' ? '' : `<ul>\n${list}\n</ul>`}</section>`
    })
    .join('\n')
  const facts = report.facts
    .map(
      ({ at, kind, fact }) =>
        `<tr><td>${shownTime(at, shown.timeZone)}</td><td>${escaped(kind)}</td><td><code>${escaped(JSON.stringify(fact))}</code></td></tr>`,
    )
    .join('\n')
  return `<!doctype html>
<html lang="${shown.language}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title><style>${STYLE}</style></head>
<body><main>
<h1>${title}</h1>
<table class="head">${rows}</table>
<section><h2>${t(words.timeline)}</h2>${timelineSvg(report, shown)}</section>
${parts}
<details><summary>${t(words.timeline)}: ${report.facts.length}</summary><table class="facts">${facts}</table></details>
</main></body></html>
`
}

const STYLE = `
:root { color-scheme: light dark; --line: #8886; --soft: #8881; }
body { font: 16px/1.55 system-ui, "Noto Sans KR", "NanumGothic", sans-serif; margin: 0; }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.5rem; line-height: 1.3; } h2 { font-size: 1.1rem; margin: 1.8rem 0 .4rem; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
.head th { width: 12rem; font-weight: 600; background: var(--soft); }
.facts { font-size: .8rem; } .facts code { overflow-wrap: anywhere; } td:first-child { white-space: nowrap; }
svg { width: 100%; height: auto; } summary { margin-top: 2rem; cursor: pointer; }
@media print { details { display: none; } }`

/** What Markdown makes bold is bold here. */
const emphasised = (text: string): string => escaped(text).replace(/\*\*(.+?)\*\*/g, '<strong>$1</strong>')
