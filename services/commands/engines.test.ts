import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { createConnection } from 'mysql2/promise'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findProgram } from '../../platform/engines/find-program.ts'
import { findJars, JARS_FOLDER } from '../../platform/engines/kafka/jars.ts'
import { commandLine } from '../../platform/engines/processes.ts'
import { CommandFailure } from './exit-codes.ts'
import { standingSettings } from './standing-engines.ts'

/** Three servers, one of them in a JVM, started twice on a machine that does other things too, ms. */
const SLOW_MS = 240_000
const NAMES = ['mariadb', 'redis', 'kafka']
const isHere =
  findProgram('mariadbd') !== null &&
  findProgram('redis-server') !== null &&
  findProgram('java') !== null &&
  findJars(JARS_FOLDER) !== null

const LAUNCHER = path.resolve(import.meta.dirname, '../levee.js')

/** Where a developer stands, and where the engines are from there. */
let root: string
let folder: string
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'levee-engines-'))
  folder = path.join(root, '.levee/engines')
})
afterEach(async () => {
  await levee('engines', 'down')
  rmSync(root, { recursive: true })
})

/** Nothing of this environment's own settings. */
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('LEVEE_')))
const launch = (...args: string[]) =>
  spawn(process.execPath, [LAUNCHER, ...args], { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] })
/** Exit code, or the signal that ended it. */
const end = async (child: ChildProcess) => {
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  return code ?? signal
}

async function levee(...args: string[]): Promise<{ code: number | string | null; stdout: string }> {
  const child = launch(...args)
  const [stdout, code] = await Promise.all([text(child.stdout), end(child)])
  return { code, stdout }
}
const engines = (action: string, ...more: string[]) => levee('engines', action, ...more)
const nothingNamed = (): boolean => false

async function ask(url: string, sql: string): Promise<unknown> {
  const connection = await createConnection({ uri: url })
  try {
    return (await connection.query(sql))[0]
  } finally {
    await connection.end()
  }
}

interface Shown {
  readonly engines: readonly { engine: string; pid: number; url: string; reachable: boolean }[]
}

test.skipIf(!isHere)(
  'up starts each once, down ends exactly those processes; URLs and data stay',
  async () => {
    const up = await engines('up')
    expect(up).toMatchObject({ code: 0 })
    const lines = up.stdout.trim().split('\n')
    // What `export $(…)` takes, without anything in it that a shell would read otherwise.
    for (const line of lines) expect(line).toMatch(/^LEVEE_[A-Z_]+=[A-Za-z0-9:/@._-]+$/)
    expect(lines.map(line => line.split('=')[0])).toEqual([
      'LEVEE_MYSQL_URL',
      'LEVEE_REDIS_URL',
      'LEVEE_KAFKA_BROKERS',
    ])
    for (const name of NAMES) expect(statSync(path.join(folder, `${name}.json`)).mode & 0o777).toBe(0o600)

    const status = await engines('status', '--json')
    expect(status.code).toBe(0)
    const running = (JSON.parse(status.stdout) as Shown).engines
    expect(running.map(({ engine }) => engine)).toEqual(NAMES)
    await ask(running[0]!.url, 'CREATE TABLE kept (id int PRIMARY KEY)')

    const again = await engines('up', '--json')
    expect((JSON.parse(again.stdout) as Shown).engines).toEqual(running)
    expect(await standingSettings(nothingNamed, folder)).toEqual({
      'ledger.url': running[0]!.url,
      'redis.url': running[1]!.url,
      'kafka.brokers': running[2]!.url,
    })

    const down = await engines('down')
    expect(down.stdout).toBe('MariaDB is stopped.\nRedis is stopped.\nKafka is stopped.\n')
    for (const { pid } of running) expect(commandLine(pid)).toBeNull()
    expect((await engines('status')).code).toBe(3)
    expect((await engines('down')).stdout).toContain('Kafka was not running.')
    await expect(standingSettings(nothingNamed, folder)).rejects.toThrow(
      /MariaDB, Redis and Kafka of .* do not run/,
    )

    const third = await engines('up', '--only', 'redis,mariadb')
    expect(third.stdout).toBe(`${lines.slice(0, 2).join('\n')}\n`)
    expect(await ask(running[0]!.url, 'SELECT * FROM kept')).toEqual([])
  },
  SLOW_MS,
)

test.skipIf(!isHere)(
  'start --engines: the shop is on them, and verify --engines proves the same books',
  async () => {
    const up = JSON.parse((await engines('up', '--json')).stdout) as Shown
    const shop = launch('start', '--engines', '--json', '--catalogue', 'none', '--port', '0')
    const [line] = await once(createInterface({ input: shop.stdout }), 'line')
    expect(JSON.parse(line as string)).toHaveProperty('ready.administrator')
    expect(await ask(up.engines[0]!.url, 'SELECT COUNT(*) AS administrators FROM members')).toEqual([
      { administrators: 1 },
    ])
    expect((await levee('verify', '--engines')).code).toBe(0)
    shop.kill('SIGTERM')
    expect(await end(shop)).toBe(0)
    await engines('down')
    expect((await levee('start', '--engines', '--json', '--port', '0')).code).toBe(3)
  },
  SLOW_MS,
)

test.skipIf(findProgram('redis-server') === null)('two at once start one server', async () => {
  const both = await Promise.all([1, 2].map(() => engines('up', '--only', 'redis', '--json')))
  const [one, two] = both.map(({ stdout }) => (JSON.parse(stdout) as Shown).engines[0]!)
  expect(one).toMatchObject({ engine: 'redis', reachable: true })
  expect(two).toEqual(one)
})

test.skipIf(findProgram('redis-server') === null)(
  'engines that were never started are not wanted, named ones are left alone, one that is down is told',
  async () => {
    const up = JSON.parse((await engines('up', '--only', 'redis', '--json')).stdout) as Shown
    expect(await standingSettings(nothingNamed, folder)).toEqual({ 'redis.url': up.engines[0]!.url })
    expect(await standingSettings(() => true, folder)).toEqual({})
    await engines('down')
    await expect(standingSettings(nothingNamed, folder)).rejects.toThrow(
      /Redis .* does not run.*up --only redis/,
    )
    expect(await standingSettings(setting => setting === 'redis.url', folder).catch(String)).toMatch(
      /no engine/,
    )
  },
)

test('without any engine it is said what to do', async () => {
  const attempt = standingSettings(nothingNamed, folder)
  await expect(attempt).rejects.toThrow(CommandFailure)
  await expect(attempt).rejects.toThrow(/npx --no levee engines up/)
})

test('what an engine says when it cannot start is passed on, with exit code 3', async () => {
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(folder, 'redis'), 'in the way of its folder')
  expect(await engines('up', '--only', 'redis')).toMatchObject({ code: 3 })
})

test('an unknown engine is a wrong command line', async () => {
  expect(await engines('up', '--only', 'oracle')).toMatchObject({ code: 2 })
})
