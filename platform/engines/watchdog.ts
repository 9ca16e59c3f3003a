// A small process between a test run (or a benchmark) and a server of its own. It holds one end of a pipe whose other
// end only its parent has: when the parent is gone, however it went, the pipe ends and the server is stopped.
//
// stdin: one line of JSON (WatchdogOrder), then open for as long as the server is wanted.
// stdout: one line of JSON (WatchdogAnswer).

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { EngineName } from './engine.ts'
import { loadEngine } from './engines.ts'
import { type Launched, type LaunchOptions, launch } from './launch.ts'
import { endProcess } from './processes.ts'

export interface WatchdogOrder {
  readonly engine: EngineName
  readonly launch: Omit<LaunchOptions, 'folder' | 'detached' | 'onSpawn'>
  /** Null: a temporary one, made here and removed at the end, so that no end of the parent leaves it behind. */
  readonly folder: string | null
  /** Time for an orderly end before SIGKILL, ms. */
  readonly grace: number
}

export type WatchdogAnswer =
  | { readonly pid: number; readonly port: number; readonly folder: string }
  | { readonly error: string }

const answer = (line: WatchdogAnswer): boolean => process.stdout.write(`${JSON.stringify(line)}\n`)

async function watch(order: WatchdogOrder, parentGone: Promise<unknown>): Promise<void> {
  const engine = await loadEngine(order.engine)
  const folder = order.folder ?? (await mkdtemp(path.join(tmpdir(), `levee-${engine.name}-`)))
  let wanted = true
  let pid: number | null = null
  const onSpawn = (spawned: number): void => {
    pid = spawned
    if (!wanted) process.kill(spawned, 'SIGKILL')
  }
  const started: Promise<Launched | null> = launch(engine, { ...order.launch, folder, onSpawn }).catch(
    (error: Error) => {
      answer({ error: error.message })
      return null
    },
  )
  // The parent may go while the server is still being made.
  const launched = await Promise.race([started, parentGone.then(() => null)])
  if (launched !== null) {
    answer({ pid: launched.pid, port: launched.port, folder })
    await parentGone
  }
  wanted = false
  if (pid !== null) await endProcess(pid, line => engine.isOurs(line, folder), order.grace)
  await started
  if (order.folder === null) await rm(folder, { recursive: true, force: true, maxRetries: 3 })
}

const lines = createInterface({ input: process.stdin })
// Nobody may be left to read the answer; the end of stdin says so too.
process.stdout.on('error', () => {})
const parentGone = new Promise<unknown>(resolve => {
  lines.on('close', resolve)
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, resolve)
})
lines.once('line', line => {
  watch(JSON.parse(line) as WatchdogOrder, parentGone).then(
    () => process.exit(0),
    (error: Error) => {
      answer({ error: error.message })
      process.exit(1)
    },
  )
})
