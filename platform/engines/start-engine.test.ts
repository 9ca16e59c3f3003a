import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, test } from 'vitest'
import { findProgram } from './find-program.ts'
import { findJars, JARS_FOLDER } from './kafka/jars.ts'
import { commandLine } from './processes.ts'
import { startKafka } from './start-kafka.ts'
import { startMariadb } from './start-mariadb.ts'
import { startRedis } from './start-redis.ts'
import { waitFor } from './wait-for.ts'

/** A JVM on a machine that does other things too, ms. */
const SLOW_MS = 120_000
const GONE_WITHIN_MS = 60_000
const gone = (pid: number, folder: string) =>
  waitFor(() => commandLine(pid) === null && !existsSync(folder), GONE_WITHIN_MS)

const engines = [
  {
    name: 'mariadb',
    isHere: findProgram('mariadbd') !== null,
    start: startMariadb,
    wrong: '--no-such-option',
    says: /MariaDB did not start.*no-such-option/s,
  },
  {
    name: 'redis',
    isHere: findProgram('redis-server') !== null,
    start: startRedis,
    wrong: 'no-such-directive 1',
    says: /Redis did not start.*no-such-directive/s,
  },
  {
    name: 'kafka',
    isHere: findProgram('java') !== null && findJars(JARS_FOLDER) !== null,
    start: (options: object) => startKafka({ quick: true, ...options }),
    wrong: 'log.retention.hours=forever',
    says: /Kafka did not start.*log\.retention\.hours/s,
  },
] as const

describe.each(engines)('$name', { timeout: SLOW_MS }, ({ name, isHere, start, wrong, says }) => {
  test.skipIf(!isHere)('stop ends it and removes its folder, even when it hangs', async () => {
    const server = await start({ stopGrace: 100 })
    process.kill(server.pid, 'SIGSTOP')
    await server.stop()
    expect(await gone(server.pid, server.folder)).toBe(true)
    await server.stop()
  })

  test.skipIf(!isHere)('kill -9 of the parent ends it too', async () => {
    const parent = startParent(name)
    const [line] = await once(createInterface({ input: parent.stdout }), 'line')
    const { pid, folder } = JSON.parse(line as string) as { pid: number; folder: string }
    expect(commandLine(pid)).toContain(folder)
    parent.kill('SIGKILL')
    expect(await gone(pid, folder)).toBe(true)
  })

  test.skipIf(!isHere)('a parent killed while the server is being made leaves nothing', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'levee-early-'))
    const parent = startParent(name, { TMPDIR: folder })
    const made = () => existsSync(folder) && statSync(folder).nlink > 2
    expect(await waitFor(made, GONE_WITHIN_MS)).toBe(true)
    parent.kill('SIGKILL')
    expect(await waitFor(() => !made(), GONE_WITHIN_MS)).toBe(true)
    rmSync(folder, { recursive: true })
  })

  test.skipIf(!isHere)('that cannot start says why', async () => {
    await expect(start({ extra: [wrong] })).rejects.toThrow(says)
  })
})

/** A process that starts a server, says which, and waits for its end. */
function startParent(name: string, env: Record<string, string> = {}) {
  const file = JSON.stringify(path.join(import.meta.dirname, `start-${name}.ts`))
  const start = `start${name[0]!.toUpperCase()}${name.slice(1)}`
  const script = `
    const { ${start} } = await import(${file})
    const { pid, folder } = await ${start}({ quick: true })
    console.log(JSON.stringify({ pid, folder }))
    process.stdin.resume()
  `
  return spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  })
}
