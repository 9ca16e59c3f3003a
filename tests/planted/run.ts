// Plants each bug of `bugs.ts` in a scratch copy and demands that the unchanged black-box tests fail there; the
// clean copy must pass. `npm run planted [-- NAME …]`. Two at a time; a table at the end.

import { execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createProgress } from '../../platform/progress/progress.ts'
import { provideEngines } from '../provide-engines.ts'
import { bugs } from './bugs.ts'
import type { PlantedBug } from './planted-bug.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
const TESTS = 'tests/system/rules.test.ts'
/** Copies tested side by side: one a core. */
const SIDE_BY_SIDE = 2
/** Longer than this no copy may take, s: well above the tests' own limits, by which a bug that makes them wait is caught. */
const PATIENCE_S = 900

interface Verdict {
  readonly name: string
  readonly rule: string
  readonly caught: boolean
  /** The first test that failed, or what else happened. */
  readonly by: string
}

/** Slow is not wrong: a test has to say so. */
class Late extends Error {
  constructor() {
    super(`no end within ${PATIENCE_S} s`)
  }
}

/** A copy of all files that git knows, with this checkout's packages. */
function copyTo(folder: string): void {
  const files = execFileSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8' })
    .split('\0')
    .filter(Boolean)
  for (const file of files) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true })
    cpSync(path.join(ROOT, file), path.join(folder, file))
  }
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'))
}

function plant(folder: string, { name, file, find, replace }: PlantedBug): void {
  const place = path.join(folder, file)
  const source = readFileSync(place, 'utf8')
  if (source.split(find).length !== 2) throw new Error(`${name}: its text stands not exactly once in ${file}`)
  writeFileSync(
    place,
    source.replace(find, () => replace),
  )
}

/** Runs these tests in a copy. Null: all passed. */
async function firstFailure(
  folder: string,
  tests: readonly string[],
  engines: NodeJS.ProcessEnv,
): Promise<string | null> {
  const vitest = path.join(folder, 'node_modules/vitest/vitest.mjs')
  const child = spawn(process.execPath, [vitest, 'run', ...tests, '--bail=1', '--reporter=verbose'], {
    cwd: folder,
    env: { ...process.env, ...engines, TMPDIR: folder, NO_COLOR: '1' },
    detached: true,
  })
  let output = ''
  child.stdout.on('data', chunk => (output += chunk))
  child.stderr.on('data', chunk => (output += chunk))
  let late = false
  const timer = setTimeout(() => {
    late = true
    process.kill(-child.pid!, 'SIGKILL') // the group that was started here, and nobody else
  }, PATIENCE_S * 1000)
  const code = await new Promise<number | null>(resolve => child.once('close', resolve))
  clearTimeout(timer)
  if (late) throw new Late()
  if (code === 0) return null
  return (
    /^\s*×\s+(.*?)(?:\s+\d+ms)?$/m.exec(output)?.[1]?.trim() ?? output.trim().split('\n').slice(-3).join(' ')
  )
}

async function tried(bug: PlantedBug | null): Promise<Verdict> {
  const folder = mkdtempSync(path.join(tmpdir(), 'levee-planted-'))
  try {
    copyTo(folder)
    if (bug !== null) plant(folder, bug)
    const failure =
      bug === null
        ? await firstFailure(folder, allTests, provided.variables)
        : // Most show where nothing is configured, which is quickest.
          ((bug.tests === undefined ? await firstFailure(folder, [TESTS], {}) : null) ??
          (await firstFailure(folder, [testsOf(bug)], provided.variables)))
    const { name, rule } = bug ?? { name: 'the clean copy', rule: 'passes' }
    return { name, rule, caught: failure !== null, by: failure ?? '-' }
  } catch (error) {
    if (!(error instanceof Late)) throw error
    // Of the clean copy this is a failure.
    return {
      name: bug?.name ?? 'the clean copy',
      rule: bug?.rule ?? 'passes',
      caught: bug === null,
      by: error.message,
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const wanted = process.argv.slice(2)
const chosen = wanted.length === 0 ? bugs : bugs.filter(({ name }) => wanted.includes(name))
const testsOf = ({ tests = TESTS }: PlantedBug): string => tests
const allTests = [...new Set(chosen.map(testsOf))]
const engines = provideEngines(process.env, line => console.log(line))
const provided = await engines.ready
const progress = createProgress({ label: 'Planting', total: chosen.length + 1, unit: 'bugs' })
const clean = await tried(null)
progress.update(1)
if (clean.caught) {
  console.error(`the clean copy fails: ${clean.by}`)
  await engines.stop()
  process.exit(1)
}
const verdicts: Verdict[] = []
const queue = [...chosen]
await Promise.all(
  Array.from({ length: SIDE_BY_SIDE }, async () => {
    for (let bug = queue.shift(); bug !== undefined; bug = queue.shift()) {
      verdicts.push(await tried(bug))
      progress.update(verdicts.length + 1)
    }
  }),
)
progress.finish()
await engines.stop()
const width = Math.max(...verdicts.map(verdict => verdict.name.length))
for (const { name } of chosen) {
  const { caught, by } = verdicts.find(verdict => verdict.name === name)!
  console.log(`${caught ? 'caught' : 'MISSED'}  ${name.padEnd(width)}  ${by}`)
}
const missed = verdicts.filter(verdict => !verdict.caught).length
console.log(`${verdicts.length} planted, ${verdicts.length - missed} caught; the clean copy passes`)
process.exitCode = missed === 0 ? 0 : 1
