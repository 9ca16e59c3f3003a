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
  const { openLedger } = await import('../../platform/sql/open-ledger.ts')
  const { createProgress } = await import('../../platform/progress/progress.ts')
  const { checks, verifyBooks } = await import('../verify/verify-books.ts')
  const { EARN_PERCENT } = await import('../compose.ts')
  const ledger = await openLedger({
    url: config['ledger.url'],
    dataFolder: config['data.folder'],
    poolSize: 2,
    lockWait: config['ledger.lockWait'],
  })
  try {
    await ledger.ping().catch(error => {
      throw new CommandFailure(
        UNREACHABLE,
        `the ledger cannot be read: ${error.cause?.message ?? error.message}`,
      )
    })
    const progress = createProgress({
      label: 'Verifying',
      total: checks.length,
      unit: 'checks',
      silent: options.json === true,
    })
    const results = await verifyBooks(ledger, {
      timeZone: config['shop.timeZone'],
      earnPercent: EARN_PERCENT,
      onCheck: (_name, done) => progress.update(done),
    })
    progress.update(checks.length)
    progress.finish()
    report(results, options)
    process.exitCode = results.every(result => result.wrong.length === 0) ? OK : PROBLEM
  } finally {
    await ledger.close()
  }
}

function report(results: readonly CheckResult[], { json, all }: Options): void {
  if (json) {
    const clean = results.every(result => result.wrong.length === 0)
    console.log(JSON.stringify({ clean, checks: results }))
    return
  }
  const width = Math.max(...results.map(result => result.name.length))
  for (const { name, checked, explained, wrong } of results) {
    const verdict = wrong.length === 0 ? 'ok   ' : 'WRONG'
    const later = explained > 0 ? `, ${explained} explained by what is under way` : ''
    console.log(
      `${verdict}  ${name.padEnd(width)}  ${checked} checked${later}${wrong.length > 0 ? `, ${wrong.length} wrong` : ''}`,
    )
    for (const row of all ? wrong : wrong.slice(0, NAMED)) console.log(`         ${row}`)
    if (!all && wrong.length > NAMED)
      console.log(`         … and ${wrong.length - NAMED} more (--all names them)`)
  }
  const wrong = results.filter(result => result.wrong.length > 0).length
  console.log(wrong === 0 ? 'The books agree.' : `${wrong} of ${results.length} checks found differences.`)
}
