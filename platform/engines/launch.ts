// Starts a server in a folder and waits until it answers. Who starts it also ends it.

import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync, renameSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { Engine, EngineName, Passwords } from './engine.ts'
import { freePort } from './free-port.ts'
import { waitFor } from './wait-for.ts'

/** Another process may take the chosen port first; three times in a row it will not. */
const PORT_ATTEMPTS = 3
const LOG_LINES_SHOWN = 12

/** What a server in this folder says, and what the one before it said. */
export const currentLog = (folder: string, name: EngineName): string => path.join(folder, `${name}.log`)
export const previousLog = (folder: string, name: EngineName): string =>
  path.join(folder, `${name}.before.log`)

export interface LaunchOptions<P extends object = object, O extends object = object> {
  readonly programs: P
  readonly folder: string
  /** Absent or 0: any free one. */
  readonly port?: number
  readonly passwords: Passwords
  readonly options: O
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

/** @throws Error with the end of the server's log when it does not come up; nothing is left running then. */
export async function launch(engine: Engine, options: LaunchOptions): Promise<Launched> {
  await mkdir(options.folder, { recursive: true, mode: 0o700 })
  for (let attempt = 1; ; attempt++) {
    const port = options.port || (await freePort())
    try {
      return await launchOn(port, engine, options)
    } catch (error) {
      const portTaken = error instanceof StartFailed && error.log.includes('Address already in use')
      if (!portTaken || options.port || attempt === PORT_ATTEMPTS) throw error
    }
  }
}

class StartFailed extends Error {
  readonly log: string

  constructor(title: string, reason: string, log: string) {
    super(`${title} did not start: ${reason}. The end of its log:\n${log}`)
    this.log = log
  }
}

async function launchOn(port: number, engine: Engine, options: LaunchOptions): Promise<Launched> {
  const { folder, passwords } = options
  const { program, args } = await engine.prepare({ ...options, port }).catch((error: Error) => {
    throw new Error(`${engine.title} did not start: ${error.message}`, { cause: error })
  })
  const logFile = currentLog(folder, engine.name)
  // What the server before said, down to its last word, tells why it is not there any more.
  if (existsSync(logFile)) renameSync(logFile, previousLog(folder, engine.name))
  const log = openSync(logFile, 'w', 0o600)
  const child = spawn(program, args, {
    stdio: ['ignore', log, log],
    detached: options.detached ?? false,
  })
  closeSync(log)
  let ended: string | null = null
  child.on('error', error => (ended = error.message))
  child.on('exit', (code, signal) => (ended = `it ended with ${signal ?? `code ${code}`}`))
  if (child.pid !== undefined) options.onSpawn?.(child.pid, port)

  const up = async (): Promise<boolean> => ended !== null || (await engine.answers(port, passwords))
  const answers = await waitFor(up, engine.startTimeout)
  await engine.started?.(folder)
  if (!answers || ended !== null || child.pid === undefined) {
    child.kill('SIGKILL')
    const lines = readFileSync(logFile, 'utf8').trim().split('\n')
    const reason = ended ?? `no answer in ${engine.startTimeout / 1000} s`
    throw new StartFailed(engine.title, reason, lines.slice(-LOG_LINES_SHOWN).join('\n'))
  }
  return { child, pid: child.pid, port }
}
