// The configuration: defaults, then the file, then the environment, then the command line. Later ones win.

import { readFileSync } from 'node:fs'
import path from 'node:path'
import { nearest } from './nearest.ts'
import { type Config, type Setting, type SettingKey, settings } from './settings.ts'

/** Read when it exists and no other file is named. */
export const DEFAULT_FILE = 'levee.config.json'

export interface ConfigSources {
  /** Named by `--config`: must exist. Absent: `levee.config.json` in `folder`, where there is one. */
  readonly file?: string | undefined
  /** Default: the environment of this process. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** From the command line, by key; texts are read like environment variables. */
  readonly overrides?: Readonly<Record<string, unknown>>
  /** Folder against which file names are meant; default: the current one. */
  readonly folder?: string
}

/** Everything that is wrong with the configuration, one problem a line, each with the setting's name. */
export class ConfigError extends Error {
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`the configuration is wrong:\n${problems.map(problem => `  - ${problem}`).join('\n')}`)
    this.name = 'ConfigError'
    this.problems = problems
  }
}

const table: Readonly<Record<string, Setting<unknown>>> = settings
const keys = Object.keys(settings) as SettingKey[]
/** Variables of single commands, which are no settings: credentials that a person exports for a while. */
const NO_SETTINGS = new Set(['LEVEE_CHANNEL_KEY', 'LEVEE_ADMIN_PASSWORD'])
/** The channels of the operator, which reads them by itself: secrets, or files with secrets. */
const CHANNELS = 'LEVEE_ALERT_'
const keyOfVariable = new Map(keys.map(key => [table[key]!.env as string, key]))

/**
 * Reads and checks all sources.
 * @throws ConfigError naming every unknown name and every value of the wrong type or out of range
 */
export function loadConfig(sources: ConfigSources = {}): Config {
  const problems: string[] = []
  const values = new Map<string, unknown>(keys.map(key => [key, table[key]!.default]))

  const set = (key: string, name: string, raw: unknown): void => {
    const setting = table[key]!
    const checked = setting.type.check(raw)
    if ('value' in checked) values.set(key, checked.value)
    else problems.push(`${name} ${checked.problem}${setting.secret ? '' : `, not ${JSON.stringify(raw)}`}`)
  }

  for (const [key, value] of readFile(sources, problems)) {
    if (Object.hasOwn(table, key)) set(key, key, value)
    else problems.push(`${key} (in the file) is no setting${nearest(key, keys)}`)
  }
  for (const [variable, text] of Object.entries(sources.env ?? process.env)) {
    if (!variable.startsWith('LEVEE_') || text === undefined) continue
    if (NO_SETTINGS.has(variable) || variable.startsWith(CHANNELS)) continue
    const key = keyOfVariable.get(variable)
    if (key !== undefined) set(key, variable, table[key]!.type.fromText(text))
    else
      problems.push(
        `${variable} (in the environment) is no setting${nearest(variable, [...keyOfVariable.keys()])}`,
      )
  }
  for (const [key, value] of Object.entries(sources.overrides ?? {})) {
    if (value === undefined) continue
    if (!Object.hasOwn(table, key)) problems.push(`${key} is no setting${nearest(key, keys)}`)
    else set(key, key, typeof value === 'string' ? table[key]!.type.fromText(value) : value)
  }

  if (problems.length > 0) throw new ConfigError(problems)
  // Every key of the table is in the map, checked by its own row.
  return Object.freeze(Object.fromEntries(values)) as Config
}

/** The settings of the file, with dotted keys. `{"http": {"port": 1}}` and `{"http.port": 1}` mean the same. */
function readFile(sources: ConfigSources, problems: string[]): [string, unknown][] {
  const file = path.resolve(sources.folder ?? '.', sources.file ?? DEFAULT_FILE)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    if (!missing || sources.file !== undefined) problems.push(`the file ${file} cannot be read`)
    return []
  }
  try {
    const content: unknown = JSON.parse(text)
    if (isObject(content)) return flatten(content, '')
    problems.push(`the file ${file} must hold one JSON object`)
  } catch (error) {
    problems.push(`the file ${file} is not JSON: ${(error as Error).message}`)
  }
  return []
}

function flatten(content: object, prefix: string): [string, unknown][] {
  return Object.entries(content).flatMap(([name, value]): [string, unknown][] =>
    isObject(value) ? flatten(value, `${prefix}${name}.`) : [[`${prefix}${name}`, value]],
  )
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
