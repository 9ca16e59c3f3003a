// The test command: `npm test`, or `npm test -- modules/order` for some files only.
// Types, style, then every test, with one MariaDB, one Redis and one Kafka for the whole run. Stops at nothing, sums up
// everything; the last line is `N passed, N failed`.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { provideEngines } from './provide-engines.ts'
import { endCommands, runCommand } from './run-command.ts'
import { shopCounts } from './shop-counts.ts'
import { tally, type VitestReport } from './vitest-report.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'levee-tests-'))
const failures: string[] = []
let passed = 0

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    endCommands()
    cleanUp().finally(() => {
      // Ends as the signal would have ended it: its listener is gone by now.
      process.kill(process.pid, signal)
    })
  })
}

const engines = provideEngines(process.env, line => console.log(line))
await check('types', 'tsc', ['--noEmit'])
await check('style', 'biome', ['check', '.'])
await runTests(process.argv.slice(2))
await cleanUp()

for (const failure of failures) console.log(`failed: ${failure}`)
console.log(`${passed} passed, ${failures.length} failed`)
process.exitCode = failures.length === 0 ? 0 : 1

async function check(title: string, program: string, args: readonly string[]): Promise<void> {
  header(title)
  if ((await runCommand(program, args)) === 0) passed++
  else failures.push(`${title} (${program})`)
}

async function runTests(args: readonly string[]): Promise<void> {
  header('tests')
  const output = path.join(folder, 'report.json')
  const report = ['--reporter=default', '--reporter=json', `--outputFile.json=${output}`]
  const provided = await engines.ready
  failures.push(...provided.failures)
  // Temporary files of tests go there too: what a killed test leaves behind is removed with it.
  const env = { ...process.env, ...provided.variables, TMPDIR: folder }
  const code = await runCommand('vitest', ['run', ...report, ...args], env)
  const told = readReport(output)
  const counts = tally(told, code)
  passed += counts.passed
  failures.push(...counts.failures.map(failure => failure.replace(`${process.cwd()}/`, '')))
  if (counts.skipped > 0) console.log(`${counts.skipped} skipped`)
  if (told !== null) compareShops(told)
}

/** The black-box suite must be the same on every kind of shop. */
function compareShops(report: VitestReport): void {
  const kinds = shopCounts(report)
  if (kinds.length === 0) return
  console.log('\nThe black-box suite by kind of shop:')
  for (const { kind, passed, failed, missing } of kinds) {
    console.log(`  ${kind.padEnd(22)} ${passed} passed, ${failed} failed, ${missing.length} missing`)
    failures.push(...missing.map(name => `${name} has no test on ${kind}`))
  }
}

async function cleanUp(): Promise<void> {
  await engines.stop()
  // Programs just killed may hold on for a moment.
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
}

function readReport(file: string): VitestReport | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as VitestReport
  } catch {
    return null // vitest broke before it wrote one; that counts as a failure
  }
}

function header(title: string): void {
  console.log(`\n── ${title} ${'─'.repeat(Math.max(0, 60 - title.length))}`)
}
