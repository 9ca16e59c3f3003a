// `docs/failure-matrix.md`, made from the ladders. Run as a program (`npm run docs`) it writes the page.

import { writeFileSync } from 'node:fs'
import path from 'node:path'
import {
  type Cell,
  capabilities,
  capabilityNames,
  cellOf,
  type Disturbance,
  disturbanceNames,
  disturbances,
  failureNames,
  failures,
} from '../resilience/failure-matrix.ts'
import { type Engine, ladderNames, ladders } from '../resilience/ladders.ts'

export const MATRIX_PAGE = path.resolve(import.meta.dirname, '../docs/failure-matrix.md')

export function failureMatrixPage(): string {
  const rows = failureNames.map(failure => {
    const { name, down } = failures[failure]
    const cells = capabilityNames.map(capability => shown(cellOf(capability, new Set<Engine>(down))))
    return `| ${[name, ...cells].join(' | ')} |`
  })
  const others = disturbanceNames.map(disturbance => {
    const { name, heard, after, proof }: Disturbance = disturbances[disturbance]
    const said = heard.length === 0 ? '✓ all works' : `✓ all works, or hears ${listed(heard)}`
    return `| ${[name, said, after, `\`${proof}\``].join(' | ')} |`
  })
  const head = ['While this fails', ...capabilityNames.map(name => capabilities[name].name)]
  return `# What works while something fails

<!-- Made from resilience/failure-matrix.ts and resilience/ladders.ts by \`npm run docs\`. Changes belong there. -->

Nothing that is refused is queued in secret: it is answered at once with its code and \`Retry-After\`, and the same key may be
sent again. What degrades says so itself (\`Age\`, \`asOf\`), and nothing is ever sold twice: the ledger decides on every rung.
Each cell is tested on real engines (\`tests/system/failure-matrix.test.ts\`, \`tests/system/kafka-thin.test.ts\`).

| ${head.join(' | ')} |
| ${head.map(() => '---').join(' | ')} |
${rows.join('\n')}

✓ works · ↓ by a lower rung, or from caches and the replica · ✗ refused with this code · ⧗ kept, and done when it is back

## What is no engine's failure

Customers do all that the head of the table above names while it happens, and in the end \`levee verify\` finds nothing.

| While this happens | What a shopper hears | Afterwards | Tested by |
| --- | --- | --- | --- |
${others.join('\n')}

## Ladders

| Ladder | Rungs, best first |
| --- | --- |
${ladderNames.map(name => `| \`${name}\` | ${ladders[name].join(' → ')} |`).join('\n')}
`
}

const MARKS: Readonly<Record<Cell['what'], string>> = { works: '✓', degrades: '↓', refused: '✗', waits: '⧗' }
const listed = (words: readonly string[]): string => words.map(word => `\`${word}\``).join(', ')
const shown = ({ what, by }: Cell): string => `${MARKS[what]} ${what === 'refused' ? `\`${by}\`` : by}`

if (import.meta.main) writeFileSync(MATRIX_PAGE, failureMatrixPage())
