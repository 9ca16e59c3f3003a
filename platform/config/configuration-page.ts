// `docs/configuration.md`, made from the table of settings. Run as a program (`npm run docs`) it writes the page.

import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { DEFAULT_FILE } from './load-config.ts'
import { type Setting, settings } from './settings.ts'

export const PAGE = path.resolve(import.meta.dirname, '../../docs/configuration.md')

export function configurationPage(): string {
  const rows = Object.entries<Setting<unknown>>(settings).map(([key, setting]) =>
    cells(
      `\`${key}\``,
      `\`${setting.env}\``,
      setting.type.label,
      setting.default === '' ? '(empty)' : `\`${asText(setting.default)}\``,
      setting.unit,
      setting.description + (setting.secret ? ' Holds a password: never logged.' : ''),
    ),
  )
  return `# Configuration

<!-- Made from platform/config/settings.ts by \`npm run docs\`. Changes belong there. -->

Each setting comes from the first of these that names it: the command line (\`--set http.port=9000\`), the
environment, a JSON file (\`--config FILE\`, else \`${DEFAULT_FILE}\` in the folder where Levee is started), the
default. In the file keys may be dotted (\`{"http.port": 9000}\`) or nested (\`{"http": {"port": 9000}}\`); in the
environment and on the command line lists are separated by commas.

A name that is not in this table (any \`LEVEE_…\` variable, any key of the file) or a value that does not fit its
type is refused at start; all such problems are listed at once, each with its setting's name.

${cells('Setting', 'Environment', 'Type', 'Default', 'Unit', 'What it does, and why this default')}
${cells('---', '---', '---', '---', '---', '---')}
${rows.join('\n')}
`
}

const cells = (...texts: string[]): string =>
  `| ${texts.map(text => text.replaceAll('|', '\\|')).join(' | ')} |`
const asText = (value: unknown): string => (Array.isArray(value) ? `[${value.join(', ')}]` : String(value))

if (import.meta.main) writeFileSync(PAGE, configurationPage())
