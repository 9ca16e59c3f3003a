// Starts mariadbd in a folder and waits until it answers. Who starts it also ends it.

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { freePort } from './free-port.ts'
import type { MariadbPrograms } from './install-mariadb.ts'
import {
  DEFAULTS,
  dataFolder,
  initFile,
  initSql,
  ledgerUrl,
  logFile,
  type MariadbSettings,
  type Passwords,
  serverOptions,
  temporaryFolder,
} from './mariadb-options.ts'
import { ping } from './ping.ts'
import { waitFor } from './wait-for.ts'

/** Longest time from start to first answer, ms: 1 s is usual, recovery after a crash on a slow disk takes longer. */
const START_TIMEOUT_MS = 60_000
/** Another process may take the chosen port first; three times in a row it will not. */
const PORT_ATTEMPTS = 3
const LOG_LINES_SHOWN = 12
const run = promisify(execFile)

export interface LaunchOptions extends Partial<Omit<MariadbSettings, 'folder' | 'port'>> {
  readonly folder: string
  /** Absent or 0: any free one. */
  readonly port?: number
  readonly passwords: Passwords
  /** True: outlives this process. */
  readonly detached?: boolean
  /** Told the id and port at once, before the server answers. */
  readonly onSpawn?: (pid: number, port: number) => void
}

export interface Launched {
  readonly child: ChildProcess
  readonly pid: number
  readonly port: number
}

export const makePasswords = (): Passwords => ({ levee: secret(), admin: secret() })
const secret = (): string => randomBytes(18).toString('hex')

/** @throws Error with the end of the server's log when it does not come up; nothing is left running then. */
export async function launchMariadb(programs: MariadbPrograms, options: LaunchOptions): Promise<Launched> {
  await mkdir(options.folder, { recursive: true, mode: 0o700 })
  await mkdir(temporaryFolder(options.folder), { recursive: true, mode: 0o700 })
  await initialise(programs.initialiser, options.folder)
  for (let attempt = 1; ; attempt++) {
    const port = options.port || (await freePort())
    try {
      return await launchOn(port, programs.server, options)
    } catch (error) {
      const portTaken = error instanceof StartFailed && error.log.includes('Address already in use')
      if (!portTaken || options.port || attempt === PORT_ATTEMPTS) throw error
    }
  }
}

class StartFailed extends Error {
  readonly log: string

  constructor(reason: string, log: string) {
    super(`MariaDB did not start: ${reason}. The end of its log:\n${log}`)
    this.log = log
  }
}

/** Makes the data folder once. Renamed into place when complete, so that a broken attempt leaves nothing half done. */
async function initialise(initialiser: string, folder: string): Promise<void> {
  const target = dataFolder(folder)
  if (existsSync(target)) return
  const fresh = `${target}.new`
  await rm(fresh, { recursive: true, force: true })
  const userOption = isRoot() ? ['--user=root'] : []
  await run(initialiser, [
    '--no-defaults',
    `--datadir=${fresh}`,
    `--tmpdir=${temporaryFolder(folder)}`,
    ...userOption,
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
  ])
  await rename(fresh, target)
}

async function launchOn(port: number, server: string, options: LaunchOptions): Promise<Launched> {
  const settings = { ...DEFAULTS, extra: [], ...options, port }
  await writeFile(initFile(options.folder), initSql(options.passwords), { mode: 0o600 })
  const log = openSync(logFile(options.folder), 'w', 0o600)
  const stdio = ['ignore', log, log] as const
  const child = spawn(server, serverOptions(settings, isRoot()), {
    stdio: [...stdio],
    detached: options.detached ?? false,
  })
  closeSync(log)
  let ended: string | null = null
  child.on('error', error => (ended = error.message))
  child.on('exit', (code, signal) => (ended = `it ended with ${signal ?? `code ${code}`}`))
  if (child.pid !== undefined) options.onSpawn?.(child.pid, port)

  const url = ledgerUrl(port, options.passwords)
  const answers = await waitFor(async () => ended !== null || (await ping(url)), START_TIMEOUT_MS)
  await rm(initFile(options.folder), { force: true })
  if (!answers || ended !== null || child.pid === undefined) {
    child.kill('SIGKILL')
    const lines = readFileSync(logFile(options.folder), 'utf8').trim().split('\n')
    throw new StartFailed(
      ended ?? `no answer in ${START_TIMEOUT_MS / 1000} s`,
      lines.slice(-LOG_LINES_SHOWN).join('\n'),
    )
  }
  return { child, pid: child.pid, port }
}

const isRoot = (): boolean => process.getuid?.() === 0
