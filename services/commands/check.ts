// `levee check`: judges a recorded history of a run against what the ledger held at its end.

import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import type { History } from '../check/history.ts'
import type { RuleResult } from '../check/rule.ts'
import { CommandFailure, EXIT_CODE_HELP, OK, PROBLEM, UNREACHABLE } from './exit-codes.ts'

interface Options {
  json?: true
  all?: true
}

/** Violations named per rule without --all. */
const NAMED = 10

export function register(program: Command): void {
  program
    .command('check')
    .description('Judges the recorded history of a run: what clients heard, against what is in the books.')
    .argument('<file>', 'history as JSON lines, as a torture run writes it')
    .option('--json', 'print one JSON object')
    .option('--all', 'name every violation')
    .addHelpText('after', `\nExample:\n  $ levee check torture/seed-7/history.jsonl\n${EXIT_CODE_HELP}`)
    .action(check)
}

async function check(file: string, options: Options): Promise<void> {
  const { checkHistory } = await import('../check/check-history.ts')
  const results = checkHistory(await read(file))
  report(results, options)
  process.exitCode = results.every(({ violations }) => violations.length === 0) ? OK : PROBLEM
}

async function read(file: string): Promise<History> {
  const { readHistory } = await import('../check/history.ts')
  const text = await readFile(file, 'utf8').catch((cause: Error) => {
    throw new CommandFailure(UNREACHABLE, `${file} cannot be read: ${cause.message}`, { cause })
  })
  try {
    return readHistory(text)
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'HistoryDamaged') throw error
    throw new CommandFailure(PROBLEM, `${file}: ${error.message}`, { cause: error })
  }
}

function report(results: readonly RuleResult[], { json, all }: Options): void {
  const broken = results.filter(({ violations }) => violations.length > 0).length
  if (json) {
    console.log(JSON.stringify({ clean: broken === 0, rules: results }))
    return
  }
  const width = Math.max(...results.map(({ name }) => name.length))
  for (const { name, checked, violations } of results) {
    const wrong = violations.length === 0 ? '' : `, ${violations.length} violations`
    console.log(`${wrong === '' ? 'ok   ' : 'WRONG'}  ${name.padEnd(width)}  ${checked} checked${wrong}`)
    const named = all ? violations : violations.slice(0, NAMED)
    for (const violation of named) console.log(`         ${violation}`)
    const left = violations.length - named.length
    if (left > 0) console.log(`         … and ${left} more (--all names them)`)
  }
  console.log(broken === 0 ? 'Every promise was kept.' : `${broken} of ${results.length} rules were broken.`)
}
