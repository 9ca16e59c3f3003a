// `levee import FILE`: catalogue, stock and members from a retail file, into the ledger of the configuration.

import type { Command } from 'commander'
import type { Imported } from '../import/import-retail.ts'
import { type ConfigOptions, configOf, withConfigOptions } from './config-options.ts'
import { EXIT_CODE_HELP } from './exit-codes.ts'
import { badRetailFile, ledgerAway } from './failures.ts'

interface Options extends ConfigOptions {
  json?: true
}

export function register(program: Command): void {
  withConfigOptions(program.command('import'))
    .description('Imports products, stock and members from a retail file. A second run changes nothing.')
    .argument('<file>', 'retail file (.csv.gz or .csv)')
    .option('--json', 'print one JSON object')
    .addHelpText('after', `\nExample:\n  $ levee import data/online-retail-2010-12.csv.gz\n${EXIT_CODE_HELP}`)
    .action(importFile)
}

async function importFile(file: string, options: Options): Promise<void> {
  const config = await configOf(options)
  const { createLog } = await import('../../platform/log/log.ts')
  const { createProgress } = await import('../../platform/progress/progress.ts')
  const { importRetail, readImport } = await import('../import/import-retail.ts')
  const plan = await readImport(file).catch(badRetailFile)
  const log = createLog({ level: config['log.level'], name: 'levee', to: 'stderr' })
  const { createShop } = await import('../all.ts')
  const shop = await createShop(config, log, 'import').catch(ledgerAway)
  try {
    const progress = createProgress({ label: 'Importing', unit: 'rows', silent: options.json === true })
    const imported = await importRetail(shop.doors, plan, (done, total) => progress.update(done, total))
    progress.finish()
    if (options.json) console.log(JSON.stringify(imported))
    else report(imported)
  } finally {
    await shop.stop()
  }
}

function report({ lines, byClass, products, members }: Imported): void {
  console.log(`${lines} lines, each counted once:`)
  for (const [name, count] of Object.entries(byClass))
    console.log(`  ${String(count).padStart(6)}  ${name.replaceAll('_', ' ')}`)
  const { inFile, created, changed, stockOpened } = products
  console.log(
    `products  ${inFile} in the file: ${created} created, ${changed} changed, ${stockOpened} given stock`,
  )
  console.log(`members   ${members.inFile} in the file: ${members.imported} created`)
  if (created + changed + stockOpened + members.imported === 0)
    console.log('Nothing changed: all of it was here.')
}
