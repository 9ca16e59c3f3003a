import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { fakeMachine } from '../../../tests/support/fake-machine.ts'
import { EngineMissing } from '../engine-missing.ts'
import { ensureKafka } from './install.ts'

const quiet = (): void => {}
const packages = { 'default-jre-headless': ['java'], maven: ['mvn'] }

let cache: string
let jars: string
beforeEach(() => {
  cache = mkdtempSync(path.join(tmpdir(), 'levee-jars-'))
  jars = path.join(cache, 'kafka')
})
afterEach(() => rmSync(cache, { recursive: true }))

/** Java of this version, and a Maven that succeeds at the given attempt (0: never). */
function programs(java = '17.0.15', worksAt = 1) {
  let attempts = 0
  return (program: string, args: readonly string[]) => {
    if (program.endsWith('/java')) return { output: `openjdk version "${java}" 2025-04-15\n` }
    const libraries = args.find(arg => arg.startsWith('-DoutputDirectory='))!.split('=')[1]!
    mkdirSync(libraries)
    writeFileSync(path.join(libraries, 'kafka.jar'), '')
    return ++attempts === worksAt ? {} : { code: 1, output: '[ERROR] no route to repository' }
  }
}

test('jars are fetched once and are there whole', async () => {
  const machine = fakeMachine({ programs: ['java', 'mvn'], run: programs() })
  const found = { java: '/usr/bin/java', libraries: path.join(jars, 'libs') }
  expect(await ensureKafka(quiet, machine, jars)).toEqual(found)
  expect(readdirSync(found.libraries)).toEqual(['kafka.jar'])
  expect(await ensureKafka(quiet, machine, jars)).toEqual(found)
  expect(machine.ran).toEqual(['java -version', 'mvn -q', 'java -version'])
})

test('several that fetch at once end with the same jars, and leave nothing beside them', async () => {
  const machine = fakeMachine({ programs: ['java', 'mvn'], run: programs('21.0.1') })
  const all = [1, 2, 3].map(() =>
    ensureKafka(quiet, fakeMachine({ programs: ['java', 'mvn'], run: programs() }), jars),
  )
  await Promise.all([...all, ensureKafka(quiet, machine, jars)])
  expect(readdirSync(cache)).toEqual(['kafka'])
})

test('what a killed process left behind is removed', async () => {
  const noProcess = 2 ** 22 + 1
  mkdirSync(path.join(cache, `kafka.new-${noProcess}-ab/libs`), { recursive: true })
  mkdirSync(path.join(cache, `kafka.new-${process.pid}-cd/libs`), { recursive: true })
  await ensureKafka(quiet, fakeMachine({ programs: ['java', 'mvn'], run: programs() }), jars)
  expect(readdirSync(cache).sort()).toEqual(['kafka', `kafka.new-${process.pid}-cd`])
})

test('a Maven that stumbles is asked once more', async () => {
  const machine = fakeMachine({ programs: ['java', 'mvn'], run: programs('17.0.1', 2) })
  await ensureKafka(quiet, machine, jars)
  expect(machine.ran).toEqual(['java -version', 'mvn -q', 'mvn -q'])
})

test('root installs Java and Maven, after a word about each', async () => {
  const said: string[] = []
  const machine = fakeMachine({ programs: ['apt-get'], packages, run: programs() })
  await ensureKafka(line => said.push(line), machine, jars)
  expect(machine.ran.filter(line => line.startsWith('apt-get'))).toEqual([
    'apt-get install default-jre-headless',
    'apt-get install maven',
  ])
  expect(said).toHaveLength(3)
})

test('a Java that is too old does not count', async () => {
  const machine = fakeMachine({ programs: ['java', 'mvn', 'apt-get'], packages, run: programs('11.0.2') })
  await expect(ensureKafka(quiet, machine, jars)).rejects.toThrow(/Java 17 or later.*LEVEE_KAFKA_BROKERS/)
  expect(machine.ran).toContain('apt-get install default-jre-headless')
})

test.each([
  ['no Java, not root', { programs: ['apt-get', 'mvn'], packages, isRoot: false }, /default-jre-headless/],
  ['no Maven, no apt', { programs: ['java'], packages }, /maven/],
  ['nothing installs', { programs: ['apt-get'] }, /default-jre-headless/],
])('%s: says what to install and which variable names brokers', async (_case, options, what) => {
  const attempt = ensureKafka(quiet, fakeMachine({ ...options, run: programs() }), jars)
  await expect(attempt).rejects.toThrow(EngineMissing)
  await expect(attempt).rejects.toThrow(what)
  await expect(attempt).rejects.toThrow(/LEVEE_KAFKA_BROKERS/)
})

test('no way to Maven Central: Maven is quoted, and nothing half fetched stays', async () => {
  const machine = fakeMachine({ programs: ['java', 'mvn'], run: programs('17.0.1', 0) })
  await expect(ensureKafka(quiet, machine, jars)).rejects.toThrow(/LEVEE_KAFKA_BROKERS.*\n.*no route/)
  expect(existsSync(jars)).toBe(false)
  expect(readdirSync(cache)).toEqual([])
})
