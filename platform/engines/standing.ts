// A server of `levee engines`: it keeps running, keeps its data, and is found again by its state file.

import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { alone } from './alone.ts'
import type { Engine, EngineName, Passwords, Say } from './engine.ts'
import { launch } from './launch.ts'
import { makePasswords } from './passwords.ts'
import { commandLine, endProcess } from './processes.ts'
import { waitFor } from './wait-for.ts'

/** Time for an orderly end before SIGKILL, ms: a full buffer pool on a slow disk is written first. */
const STOP_GRACE_MS = 60_000
/** Longest wait for another `up` or `down` of the same folder, ms: it may be installing. */
const PATIENCE_MS = 300_000

/** The state file: readable by its owner only, since it is the one place with the passwords. */
interface State {
  /** Null while it is down; port and passwords are kept, so that the URL stays the same. */
  readonly pid: number | null
  readonly port: number
  readonly passwords: Passwords
}

export interface EngineStatus {
  readonly engine: EngineName
  /** It ran here before, at least. */
  readonly known: boolean
  readonly running: boolean
  /** It runs, lets its user in and answers. */
  readonly reachable: boolean
  readonly pid: number | null
  readonly port: number | null
  /** What the shop's setting takes. */
  readonly url: string | null
  readonly adminUrl: string | null
}

export interface Patience {
  /** Time for an orderly end before SIGKILL, ms. */
  readonly grace?: number
  /** Longest wait for another who starts or stops the same server, ms. */
  readonly others?: number
}

export const serverFolder = (folder: string, { name }: Engine): string => path.resolve(folder, name)
const stateFile = (folder: string, { name }: Engine): string => path.resolve(folder, `${name}.json`)
const lockFile = (folder: string, { name }: Engine): string => path.resolve(folder, `${name}.lock`)

/** Starts the server in `folder`, unless it runs there already. Returns once it answers. */
export async function engineUp(engine: Engine, folder: string, say: Say): Promise<EngineStatus> {
  mkdirSync(path.resolve(folder), { recursive: true, mode: 0o700 })
  return alone(lockFile(folder, engine), PATIENCE_MS, () => startOnce(engine, folder, say, 'anywhere'))
}

/**
 * Starts the server that ran in this folder before, with its data, its port and its passwords: whoever has its URL need
 * not be told. One that runs is left alone.
 * @throws Error when it never ran here, does not come up, or its port was taken by somebody
 */
export async function engineStart(
  engine: Engine,
  folder: string,
  { others = PATIENCE_MS }: Patience = {},
): Promise<EngineStatus> {
  expectKnown(engine, folder)
  return alone(lockFile(folder, engine), others, () => startOnce(engine, folder, () => {}, 'same port'))
}

/** Ends it, however it is, and starts it as `engineStart` does, with nobody in between. One that is gone is started. */
export async function engineRestart(
  engine: Engine,
  folder: string,
  { grace = STOP_GRACE_MS, others = PATIENCE_MS }: Patience = {},
): Promise<EngineStatus> {
  expectKnown(engine, folder)
  return alone(lockFile(folder, engine), others, async () => {
    await stopOnce(engine, folder, grace)
    return startOnce(engine, folder, () => {}, 'same port')
  })
}

function expectKnown(engine: Engine, folder: string): void {
  if (readState(folder, engine) === null)
    throw new Error(`no ${engine.title} ran in ${path.resolve(folder)} before: see levee engines up`)
}

async function startOnce(
  engine: Engine,
  folder: string,
  say: Say,
  where: 'anywhere' | 'same port',
): Promise<EngineStatus> {
  const before = readState(folder, engine)
  if (before !== null && isRunning(folder, engine, before)) {
    // Its starter may have been killed while it was coming up.
    await waitFor(() => engine.answers(before.port, before.passwords), engine.startTimeout)
    return engineStatus(engine, folder)
  }
  const programs = await engine.ensure(say)
  const passwords = before?.passwords ?? makePasswords()
  const start = (port: number) =>
    launch(engine, {
      ...{ programs, port, passwords, options: engine.standing, folder: serverFolder(folder, engine) },
      detached: true,
      // Written down as soon as it runs: whoever kills this command must not lose sight of the server.
      onSpawn: (pid, taken) => writeState(folder, engine, { pid, port: taken, passwords }),
    })
  // The port of last time keeps URLs valid that were written down; if somebody has it now, any other will do.
  const launched = await start(before?.port ?? 0).catch(error => {
    if (before === null || where === 'same port') throw error
    return start(0)
  })
  launched.child.unref()
  return engineStatus(engine, folder)
}

/** Ends exactly the process of the state file, after checking that it still is that server. False: it did not run. */
export async function engineDown(
  engine: Engine,
  folder: string,
  { grace = STOP_GRACE_MS, others = PATIENCE_MS }: Patience = {},
): Promise<boolean> {
  if (readState(folder, engine) === null) return false
  return alone(lockFile(folder, engine), others, () => stopOnce(engine, folder, grace))
}

async function stopOnce(engine: Engine, folder: string, grace: number): Promise<boolean> {
  const state = readState(folder, engine)
  if (state === null || state.pid === null || !isRunning(folder, engine, state)) return false
  const isOurs = (line: string): boolean => engine.isOurs(line, serverFolder(folder, engine))
  const gone = await endProcess(state.pid, isOurs, grace)
  if (!gone) throw new Error(`${engine.title} (process ${state.pid}) does not end`)
  writeState(folder, engine, { ...state, pid: null })
  return true
}

export async function engineStatus(engine: Engine, folder: string): Promise<EngineStatus> {
  const state = readState(folder, engine)
  if (state === null || !isRunning(folder, engine, state)) {
    const nowhere = { pid: null, port: null, url: null, adminUrl: null }
    return { engine: engine.name, known: state !== null, running: false, reachable: false, ...nowhere }
  }
  const { pid, port, passwords } = state
  const { url, adminUrl = null } = engine.urls(port, passwords)
  const reachable = await engine.answers(port, passwords)
  return { engine: engine.name, known: true, running: true, reachable, pid, port, url, adminUrl }
}

/** Where it is reached whenever it runs; null: it never ran in this folder. */
export function standingUrls(
  engine: Engine,
  folder: string,
): { url: string; adminUrl: string | null } | null {
  const state = readState(folder, engine)
  if (state === null) return null
  const { url, adminUrl = null } = engine.urls(state.port, state.passwords)
  return { url, adminUrl }
}

function isRunning(folder: string, engine: Engine, state: State): boolean {
  const line = state.pid === null ? null : commandLine(state.pid)
  return line !== null && engine.isOurs(line, serverFolder(folder, engine))
}

function readState(folder: string, engine: Engine): State | null {
  let text: string
  try {
    text = readFileSync(stateFile(folder, engine), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
  return JSON.parse(text) as State
}

/** Renamed into place: a reader sees the old state or the new one, never half of it. */
function writeState(folder: string, engine: Engine, state: State): void {
  const file = stateFile(folder, engine)
  const fresh = `${file}.${process.pid}`
  writeFileSync(fresh, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 })
  renameSync(fresh, file)
}
