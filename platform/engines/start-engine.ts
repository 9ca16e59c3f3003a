// A server for as long as this process lives: for tests, benchmarks, drills.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Engine, Say, Urls } from './engine.ts'
import { makePasswords, passwordsIn } from './passwords.ts'
import { endProcess } from './processes.ts'
import { waitFor } from './wait-for.ts'
import type { WatchdogAnswer, WatchdogOrder } from './watchdog.ts'

/** Time for an orderly end before SIGKILL, ms; an idle server needs about one second. */
const STOP_GRACE_MS = 8_000
/** What the watchdog itself needs after that (removing files), ms. */
const WATCHDOG_GRACE_MS = 10_000

export interface StartOptions {
  /** Absent: a temporary folder, removed at the end. Given: kept, and used again by the next start, passwords too. */
  readonly folder?: string
  /** Absent or 0: any free one. */
  readonly port?: number
  /** Time for an orderly end before SIGKILL, ms. */
  readonly stopGrace?: number
  readonly say?: Say
}

export interface Started {
  readonly urls: Urls
  readonly port: number
  readonly pid: number
  readonly folder: string
  /** Ends the server (also a hanging one) and removes a temporary folder. May be called twice. */
  stop(): Promise<void>
}

/** @throws EngineMissing, or Error with the server's log. The server ends with this process, even after kill -9. */
export async function startEngine<P extends object, O extends object>(
  engine: Engine<P, O>,
  start: StartOptions,
  options: O,
): Promise<Started> {
  const { say = () => {}, port = 0, stopGrace = STOP_GRACE_MS } = start
  const programs = await engine.ensure(say)
  const kept = start.folder === undefined ? null : path.resolve(start.folder)
  if (kept !== null) await mkdir(kept, { recursive: true, mode: 0o700 })
  const passwords = kept === null ? makePasswords() : passwordsIn(kept)
  // Its own process group: Ctrl-C in a terminal must reach the parent only, which then stops in order.
  const watchdog = spawn(process.execPath, [path.join(import.meta.dirname, 'watchdog.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  })
  const order: WatchdogOrder = {
    engine: engine.name,
    launch: { programs, port, passwords, options },
    folder: kept,
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
  return {
    urls: engine.urls(answer.port, passwords),
    port: answer.port,
    pid: answer.pid,
    folder,
    async stop() {
      watchdog.stdin.end()
      await waitFor(() => ended, stopGrace + WATCHDOG_GRACE_MS)
      // Usually gone by now; the watchdog itself may have been killed.
      await endProcess(answer.pid, line => engine.isOurs(line, folder), 0)
      if (kept === null) await rm(folder, { recursive: true, force: true })
    },
  }
}

async function firstAnswer(
  watchdog: ReturnType<typeof spawn> & { stdout: NodeJS.ReadableStream },
): Promise<WatchdogAnswer> {
  const lines = createInterface({ input: watchdog.stdout })
  const line = once(lines, 'line').then(([text]) => JSON.parse(text as string) as WatchdogAnswer)
  const end = once(watchdog, 'exit').then(([code]) => ({ error: `the watchdog ended with ${code}` }))
  return Promise.race([line, end])
}
