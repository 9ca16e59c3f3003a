// One program of the test command, in a process group of its own, so that it can be ended with all it started.

import { type ChildProcess, spawn } from 'node:child_process'
import path from 'node:path'

const BIN = path.resolve(import.meta.dirname, '../node_modules/.bin')
const running = new Set<ChildProcess>()

/** Runs a program of `node_modules/.bin` with its output shown. Resolves to its exit code, -1 for a signal. */
export function runCommand(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(path.join(BIN, program), args, {
      stdio: ['ignore', 'inherit', 'inherit'],
      env,
      detached: true,
    })
    running.add(child)
    child.on('error', reject)
    child.on('exit', code => {
      running.delete(child)
      resolve(code ?? -1)
    })
  })
}

/** Ends what runs now, with everything it started. */
export function endCommands(): void {
  for (const { pid } of running) {
    if (pid === undefined) continue
    try {
      // The negative id names the group that `detached` made for this one program.
      process.kill(-pid, 'SIGKILL')
    } catch (error) {
      // It ended by itself just now.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
}
