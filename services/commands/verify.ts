// `levee verify`: proves the books from one snapshot of the ledger.

import type { Command } from 'commander'
import type { CheckResult } from '../verify/verify-books.ts'
import { type ConfigOptions, configOf, withConfigOptions } from './config-options.ts'
import { CommandFailure, EXIT_CODE_HELP, OK, PROBLEM, UNREACHABLE } from './exit-codes.ts'

interface Options extends ConfigOptions {
  json?: true
  all?: true
}

/** Rows named per check without --all. */
const NAMED = 10

export function register(program: Command): void {
  withConfigOptions(program.command('verify'))
    .description(
      'Proves that stock, orders, payments, points, coupons, events and the ranking agree; the shop may run.',
    )
    .option('--json', 'print one JSON object')
    .option('--all', 'name every row that is wrong, up to a thousand a check')
    .addHelpText('after', `\nExample:\n  $ levee verify --json\n${EXIT_CODE_HELP}`)
    .action(verify)
}

async function verify(options: Options): Promise<void> {
  const config = await configOf(options)
  const { createProgress } = await import('../../platform/progress/progress.ts')
  const { checks } = await import('../verify/checks.ts')
  const { openBooks } = await import('../verify/open-books.ts')
  const { verifyBooks } = await import('../verify/verify-books.ts')
  const { EARN_PERCENT, schemas } = await import('../compose.ts')
  const ledger = await openBooks(config, schemas).catch(unreadable)
  try {
    const silent = options.json === true
    const progress = createProgress({ label: 'Verifying', total: checks.length, unit: 'checks', silent })
    const results = await verifyBooks(ledger, {
      timeZone: config['shop.timeZone'],
      earnPercent: EARN_PERCENT,
      onCheck: (_name, done) => progress.update(done),
    })
    progress.update(checks.length)
    progress.finish()
    report(results, options)
    process.exitCode = results.every(result => result.wrongCount === 0) ? OK : PROBLEM
  } finally {
    await ledger.close()
  }
}

function unreadable(error: unknown): never {
  if (!(error instanceof Error) || error.name !== 'NoBooks') throw error
  throw new CommandFailure(UNREACHABLE, error.message, { cause: error })
}

function report(results: readonly CheckResult[], { json, all }: Options): void {
  const differ = results.filter(result => result.wrongCount > 0).length
  if (json) {
    console.log(JSON.stringify({ clean: differ === 0, checks: results }))
    return
  }
  const width = Math.max(...results.map(result => result.name.length))
  for (const { name, checked, explained, wrongCount, wrong, note } of results) {
    const counts = [
      `${checked} checked`,
      ...(explained > 0 ? [`${explained} explained by what is under way`] : []),
      ...(wrongCount > 0 ? [`${wrongCount} wrong`] : []),
      ...(note === undefined ? [] : [note]),
    ]
    console.log(`${wrongCount === 0 ? 'ok   ' : 'WRONG'}  ${name.padEnd(width)}  ${counts.join(', ')}`)
    const named = all ? wrong : wrong.slice(0, NAMED)
    for (const row of named) console.log(`         ${row}`)
    const left = wrongCount - named.length
    if (left > 0) console.log(`         … and ${left} more${all ? '' : ' (--all names a thousand)'}`)
  }
  console.log(differ === 0 ? 'The books agree.' : `${differ} of ${results.length} checks found differences.`)
}
