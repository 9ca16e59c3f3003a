// `levee incidents`: what the operator has seen and done, from its own store; whether it runs or not.

import { type Command, InvalidArgumentError } from 'commander'
import type { StoredIncident } from '../../operator/incidents/incident-store.ts'
import type { Language } from '../../operator/texts.ts'
import { type ConfigOptions, configOf, withConfigOptions } from './config-options.ts'
import { CommandFailure, EXIT_CODE_HELP, PROBLEM } from './exit-codes.ts'

interface Options extends ConfigOptions {
  json?: true
}
interface WhoOptions extends Options {
  who: string
}
interface ReportOptions extends ConfigOptions {
  lang: Language
  format: 'md' | 'html'
  timeZone?: string
}

const EXAMPLES = {
  list: 'list --json',
  show: 'show 12',
  ack: 'ack 12 --who dba',
  note: 'note 12 "a disk was full" --who dba',
  report: 'report 12 --lang ko --format html > report.html',
} as const

/** Incidents listed: a screen of them. */
const LISTED = 30

export function register(program: Command): void {
  const incidents = program
    .command('incidents')
    .description('What the operator has seen, told and done; its reports.')
    .addHelpText(
      'after',
      `\nExamples:\n  $ levee incidents list\n  $ levee incidents ack 12 --who dba\n  $ levee incidents report 12 --lang ko\n${EXIT_CODE_HELP}`,
    )
  sub(incidents, 'list', 'The newest first.').option('--json', 'print one JSON object').action(list)
  sub(incidents, 'show', 'One incident with its time line.')
    .argument('<number>', 'its number', numberOf)
    .option('--json', 'print one JSON object')
    .action(show)
  sub(incidents, 'ack', 'Says that somebody is on it: nobody else is called for it.')
    .argument('<number>', 'its number', numberOf)
    .requiredOption('--who <name>', 'who')
    .action(acknowledge)
  sub(incidents, 'note', 'Adds to its time line.')
    .argument('<number>', 'its number', numberOf)
    .argument('<text>', 'what others should know')
    .requiredOption('--who <name>', 'who says so')
    .action(note)
  sub(incidents, 'report', 'Its report, drafted from the time line.')
    .argument('<number>', 'its number', numberOf)
    .option('--lang <language>', 'ko or en', languageOf, 'en')
    .option('--format <format>', 'md or html', formatOf, 'md')
    .option('--time-zone <zone>', 'of its times; default: the shop’s')
    .action(report)
}

function sub(incidents: Command, name: keyof typeof EXAMPLES, description: string): Command {
  return withConfigOptions(incidents.command(name))
    .description(description)
    .addHelpText('after', `\nExample:\n  $ levee incidents ${EXAMPLES[name]}\n${EXIT_CODE_HELP}`)
}

function numberOf(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('a number such as 12.')
  return value
}

function languageOf(text: string): Language {
  if (text !== 'ko' && text !== 'en') throw new InvalidArgumentError('ko or en.')
  return text
}

function formatOf(text: string): 'md' | 'html' {
  if (text !== 'md' && text !== 'html') throw new InvalidArgumentError('md or html.')
  return text
}

async function opened(options: ConfigOptions) {
  const config = await configOf(options)
  const { openOperatorStore } = await import('../operator/operator-store.ts')
  const { IncidentStore } = await import('../../operator/incidents/incident-store.ts')
  const store = await openOperatorStore(config)
  return { config, store, incidents: new IncidentStore(store) }
}

function found(incident: StoredIncident | null, number: number): StoredIncident {
  if (incident === null) throw new CommandFailure(PROBLEM, `there is no incident ${number}`)
  return incident
}

async function list(options: Options): Promise<void> {
  const { store, incidents } = await opened(options)
  const all = incidents.list(LISTED)
  store.close()
  if (options.json) console.log(JSON.stringify({ incidents: all }))
  else if (all.length === 0) console.log('There was no incident.')
  else for (const each of all) console.log(line(each))
}

const line = ({ number, level, state, key, since, endedAt }: StoredIncident): string =>
  [
    `#${number}`.padEnd(6),
    level.padEnd(10),
    state.padEnd(11),
    new Date(since).toISOString(),
    endedAt === null ? 'goes on' : `${Math.round((endedAt - since) / 1000)} s`.padEnd(7),
    key,
  ].join('  ')

async function show(number: number, options: Options): Promise<void> {
  const { store, incidents } = await opened(options)
  const incident = incidents.find(number)
  const facts = incidents.facts(number)
  store.close()
  const known = found(incident, number)
  if (options.json) {
    console.log(JSON.stringify({ ...known, facts }))
    return
  }
  console.log(line(known))
  for (const { at, kind, fact } of facts)
    console.log(`  ${new Date(at).toISOString()}  ${kind.padEnd(12)}  ${JSON.stringify(fact)}`)
}

async function acknowledge(number: number, options: WhoOptions): Promise<void> {
  const { store, incidents } = await opened(options)
  const incident = incidents.find(number)
  const isNew = incidents.acknowledge(number, options.who, Date.now())
  store.close()
  found(incident, number)
  console.log(isNew ? `#${number} is ${options.who}'s.` : `#${number} is over, or somebody has it already.`)
}

async function note(number: number, text: string, options: WhoOptions): Promise<void> {
  const { store, incidents } = await opened(options)
  const incident = found(incidents.find(number), number)
  incidents.note(incident.number, Date.now(), 'note', { who: options.who, text })
  store.close()
}

async function report(number: number, options: ReportOptions): Promise<void> {
  const { config, store, incidents } = await opened(options)
  const incident = incidents.find(number)
  const facts = incidents.facts(number)
  store.close()
  const { draftReport } = await import('../../operator/incidents/report.ts')
  const drafted = draftReport(found(incident, number), facts)
  const shown = { language: options.lang, timeZone: options.timeZone ?? config['shop.timeZone'] }
  if (options.format === 'html') {
    const { reportHtml } = await import('../../operator/incidents/report-html.ts')
    console.log(reportHtml(drafted, shown))
    return
  }
  const { reportMarkdown } = await import('../../operator/incidents/report-markdown.ts')
  console.log(reportMarkdown(drafted, shown))
}
