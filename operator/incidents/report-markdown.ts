// The report as Markdown, in one language. Pure.

import type { Report } from './report.ts'
import { type Shown, tableOf, textOf } from './report-parts.ts'
import { words } from './report-words.ts'

export function reportMarkdown(report: Report, shown: Shown): string {
  const { language } = shown
  const rows = tableOf(report, shown).map(([name, value]) => `| **${name[language]}** | ${cell(value)} |`)
  const parts = textOf(report, shown).map(({ heading, paragraphs, items }) =>
    [`## ${heading[language]}`, ...paragraphs, items.map(item => `- ${item}`).join('\n')]
      .filter(each => each !== '')
      .join('\n\n'),
  )
  return `# ${words.report[language]} #${report.number}: ${report.title[language]}

| | |
| --- | --- |
${rows.join('\n')}

${parts.join('\n\n')}
`
}

const cell = (text: string): string => text.replaceAll('|', '\\|')
