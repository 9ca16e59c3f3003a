// Processes of the bench: started here, ended here by their own ids, their CPU time read from the kernel.

import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

/** Linux counts CPU time in hundredths of a second. */
const TICK_US = 10_000
/** How often the CPU time of a process that ends by itself is read, ms: its last reading misses at most this. */
const WATCH_MS = 100
/** How long a server has to end by itself, ms. */
const PATIENCE_MS = 5_000

/** CPU time that a process has used so far, all threads, µs. */
export function cpuTime(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_US
}

export const isThere = (pid: number): boolean => existsSync(`/proc/${pid}/stat`)

/** Resident memory, bytes. */
export function residentMemory(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kib) * 1024
}

/** CPU time of a process that ends by itself, as last seen, µs. */
export function watchCpu(child: ChildProcess): () => number {
  let seen = 0
  const timer = setInterval(() => {
    try {
      seen = cpuTime(child.pid!)
    } catch {
      // It has ended: what was seen last counts.
    }
  }, WATCH_MS)
  child.once('close', () => clearInterval(timer))
  return () => seen
}

export interface Yardstick {
  readonly url: string
  readonly pid: number
  stop(): Promise<void>
}

/** Starts a server script that prints `{"port":…}` when it listens. `log`: its standard error goes there by lines; absent: to ours. */
export async function startScript(
  file: string,
  env: Readonly<Record<string, string>> = {},
  log?: string[],
): Promise<Yardstick> {
  const child = spawn(process.execPath, [file], {
    env: { ...process.env, ...env },
    // It may end when its standard input does, which is when this process does.
    stdio: ['pipe', 'pipe', log === undefined ? 'inherit' : 'pipe'],
  })
  if (child.stderr !== null) createInterface({ input: child.stderr }).on('line', line => log?.push(line))
  const port = await new Promise<number>((resolve, reject) => {
    createInterface({ input: child.stdout! }).once('line', line =>
      resolve((JSON.parse(line) as { port: number }).port),
    )
    child.once('close', code => reject(new Error(`${file} ended with ${code}`)))
  })
  return { url: `http://127.0.0.1:${port}`, pid: child.pid ?? -1, stop: () => end(child) }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const closed = new Promise<void>(resolve => child.once('close', () => resolve()))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS)
  await closed
  clearTimeout(timer)
}
