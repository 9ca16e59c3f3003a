// A MariaDB for as long as this process lives: for tests, benchmarks, drills.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { ensureMariadb } from './install-mariadb.ts'
import { type LaunchOptions, makePasswords } from './launch-mariadb.ts'
import { administratorUrl, dataFolder, ledgerUrl } from './mariadb-options.ts'
import { endProcess } from './processes.ts'
import { waitFor } from './wait-for.ts'
import type { WatchdogAnswer, WatchdogOrder } from './watchdog.ts'

/** Time for an orderly end before SIGKILL, ms; an idle server needs less than one second. */
const STOP_GRACE_MS = 8_000
/** What the watchdog itself needs after that (removing files), ms. */
const WATCHDOG_GRACE_MS = 10_000

export interface StartOptions extends Partial<Omit<LaunchOptions, 'detached' | 'onSpawn'>> {
  /** Absent: a temporary folder, removed at the end. Given: kept, and used again by the next start. */
  readonly folder?: string
  /** Time for an orderly end before SIGKILL, ms. */
  readonly stopGrace?: number
  /** Gets a line before something takes long (installing). */
  readonly say?: (line: string) => void
}

export interface RunningMariadb {
  /** `mysql://levee:…@127.0.0.1:port/levee`; this user may also make databases named `levee_…`. */
  readonly url: string
  /** The same server with every right: for grants, KILL, SET GLOBAL. */
  readonly adminUrl: string
  readonly port: number
  readonly pid: number
  readonly folder: string
  /** Ends the server (also a hanging one) and removes a temporary folder. May be called twice. */
  stop(): Promise<void>
}

/** @throws EngineMissing, or Error with the server's log. The server ends with this process, even after kill -9. */
export async function startMariadb(options: StartOptions = {}): Promise<RunningMariadb> {
  const {
    say,
    folder: givenFolder,
    passwords = makePasswords(),
    stopGrace = STOP_GRACE_MS,
    ...rest
  } = options
  const programs = await ensureMariadb(say)
  // Its own process group: Ctrl-C in a terminal must reach the parent only, which then stops in order.
  const watchdog = spawn(process.execPath, [path.join(import.meta.dirname, 'watchdog.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  })
  const order: WatchdogOrder = {
    programs,
    options: { ...rest, passwords },
    folder: givenFolder === undefined ? null : path.resolve(givenFolder),
    grace: stopGrace,
  }
  watchdog.stdin.on('error', () => {}) // it ended early: its exit is what is looked at
  watchdog.stdin.write(`${JSON.stringify(order)}\n`)
  let ended = false
  watchdog.on('exit', () => (ended = true))

  const answer = await firstAnswer(watchdog)
  if ('error' in answer) {
    watchdog.stdin.end()
    throw new Error(answer.error)
  }
  // A parent with nothing else to do may end; that ends the server too.
  watchdog.unref()
  for (const pipe of [watchdog.stdin, watchdog.stdout]) (pipe as { unref?: () => void }).unref?.()

  const { folder } = answer
  const isOurs = (line: string): boolean => line.includes(`--datadir=${dataFolder(folder)}`)
  return {
    url: ledgerUrl(answer.port, passwords),
    adminUrl: administratorUrl(answer.port, passwords),
    port: answer.port,
    pid: answer.pid,
    folder,
    async stop() {
      watchdog.stdin.end()
      await waitFor(() => ended, stopGrace + WATCHDOG_GRACE_MS)
      // Usually gone by now; the watchdog itself may have been killed.
      await endProcess(answer.pid, isOurs, 0)
      if (givenFolder === undefined) await rm(folder, { recursive: true, force: true })
    },
  }
}

async function firstAnswer(
  watchdog: ReturnType<typeof spawn> & { stdout: NodeJS.ReadableStream },
): Promise<WatchdogAnswer> {
  const lines = createInterface({ input: watchdog.stdout })
  const line = once(lines, 'line').then(([text]) => JSON.parse(text as string) as WatchdogAnswer)
  const end = once(watchdog, 'exit').then(([code]) => ({
    error: `the watchdog of MariaDB ended with ${code}`,
  }))
  return Promise.race([line, end])
}
