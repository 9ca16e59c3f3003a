// Other processes, by their ids only: which program is it, end it.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { waitFor } from './wait-for.ts'

/** Longest wait for a process that was sent SIGKILL to be gone, ms. */
const KILL_WAIT_MS = 5_000

/** The command line of a living process (arguments separated by blanks), or null. The dead and undead have none. */
export function commandLine(pid: number): string | null {
  try {
    const text =
      process.platform === 'linux'
        ? readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
        : execFileSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' })
    return text.trim() === '' ? null : text.trim()
  } catch {
    return null // both ways fail exactly when there is no such process
  }
}

/**
 * Ends one process: SIGTERM, then SIGCONT, without which one that was stopped would never take notice; and SIGKILL when
 * it is still there after `grace` ms. `isOurs` judges its command
 * line before each signal, because ids are used again. Returns whether it is gone.
 */
export async function endProcess(
  pid: number,
  isOurs: (line: string) => boolean,
  grace: number,
): Promise<boolean> {
  const lives = (): boolean => {
    const line = commandLine(pid)
    return line !== null && isOurs(line)
  }
  const gone = (): boolean => !lives()
  if (gone()) return true
  signal(pid, 'SIGTERM')
  signal(pid, 'SIGCONT')
  if (await waitFor(gone, grace)) return true
  signal(pid, 'SIGKILL')
  return waitFor(gone, KILL_WAIT_MS)
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    // It ended between the look and the signal: just what was wanted.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
