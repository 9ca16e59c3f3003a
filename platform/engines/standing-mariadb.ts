// The MariaDB of `levee engines`: it keeps running, keeps its data, and is found again by its state file.

import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { ensureMariadb } from './install-mariadb.ts'
import { launchMariadb, makePasswords } from './launch-mariadb.ts'
import { administratorUrl, dataFolder, ledgerUrl, type Passwords } from './mariadb-options.ts'
import { ping } from './ping.ts'
import { commandLine, endProcess } from './processes.ts'
import { waitFor } from './wait-for.ts'

/** Time for an orderly end before SIGKILL, ms: a full buffer pool on a slow disk is written first. */
const STOP_GRACE_MS = 60_000
/** Longest wait for a server that somebody else just started, ms. */
const ANSWER_WAIT_MS = 60_000

/** The state file: readable by its owner only, since it is the one place with the passwords. */
interface State {
  /** Null while it is down; port and passwords are kept, so that the URL stays the same. */
  readonly pid: number | null
  readonly port: number
  readonly passwords: Passwords
}

export interface EngineStatus {
  readonly engine: 'mariadb'
  readonly running: boolean
  /** It runs, lets its user in and answers. */
  readonly reachable: boolean
  readonly pid: number | null
  readonly port: number | null
  readonly url: string | null
  readonly adminUrl: string | null
}

const serverFolder = (folder: string): string => path.resolve(folder, 'mariadb')
const stateFile = (folder: string): string => path.resolve(folder, 'mariadb.json')

/** Starts the server in `folder`, unless it runs there already. Returns once it answers. */
export async function mariadbUp(folder: string, say: (line: string) => void): Promise<EngineStatus> {
  const before = readState(folder)
  if (before !== null && isRunning(folder, before)) {
    await waitFor(() => ping(ledgerUrl(before.port, before.passwords)), ANSWER_WAIT_MS)
    return mariadbStatus(folder)
  }
  const programs = await ensureMariadb(say)
  mkdirSync(path.resolve(folder), { recursive: true, mode: 0o700 })
  const passwords = before?.passwords ?? makePasswords()
  // Written down as soon as it runs: whoever kills this command must not lose sight of the server.
  const onSpawn = (pid: number, port: number): void => writeState(folder, { pid, port, passwords })
  const start = (port: number) =>
    launchMariadb(programs, { folder: serverFolder(folder), port, passwords, detached: true, onSpawn })
  // The port of last time keeps URLs valid that were written down; if somebody has it now, any other will do.
  const launched = await start(before?.port ?? 0).catch(error => {
    if (before === null) throw error
    return start(0)
  })
  launched.child.unref()
  return mariadbStatus(folder)
}

/** Ends exactly the process of the state file, after checking that it still is that server. False: it did not run. */
export async function mariadbDown(folder: string): Promise<boolean> {
  const state = readState(folder)
  if (state === null || state.pid === null || !isRunning(folder, state)) return false
  const gone = await endProcess(state.pid, line => isServerOf(folder, line), STOP_GRACE_MS)
  if (!gone) throw new Error(`MariaDB (process ${state.pid}) does not end`)
  writeState(folder, { ...state, pid: null })
  return true
}

export async function mariadbStatus(folder: string): Promise<EngineStatus> {
  const state = readState(folder)
  if (state === null || !isRunning(folder, state)) {
    return {
      engine: 'mariadb',
      running: false,
      reachable: false,
      pid: null,
      port: null,
      url: null,
      adminUrl: null,
    }
  }
  const { pid, port, passwords } = state
  const url = ledgerUrl(port, passwords)
  const adminUrl = administratorUrl(port, passwords)
  return { engine: 'mariadb', running: true, reachable: await ping(url), pid, port, url, adminUrl }
}

function isRunning(folder: string, state: State): boolean {
  const line = state.pid === null ? null : commandLine(state.pid)
  return line !== null && isServerOf(folder, line)
}

const isServerOf = (folder: string, line: string): boolean =>
  line.includes('mariadbd') && line.includes(`--datadir=${dataFolder(serverFolder(folder))} `)

function readState(folder: string): State | null {
  let text: string
  try {
    text = readFileSync(stateFile(folder), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
  return JSON.parse(text) as State
}

/** Renamed into place: a reader sees the old state or the new one, never half of it. */
function writeState(folder: string, state: State): void {
  const fresh = `${stateFile(folder)}.${process.pid}`
  writeFileSync(fresh, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 })
  renameSync(fresh, stateFile(folder))
}
