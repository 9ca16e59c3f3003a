// One process of this machine, by /proc.

import { readdir, readFile } from 'node:fs/promises'
import { within } from '../within.ts'
import { type ProcessLetter, parseProcessStat, parseStat } from './parse-proc.ts'
import { PROBE_MS } from './probe.ts'
import { probeFailure } from './probe-failed.ts'

export interface ProcessReading {
  readonly pid: number
  /** As the kernel shortens it, 15 characters at most. */
  readonly name: string
  /** `T`: stopped by a signal, it hangs for everybody. `Z`: it has ended, and its parent has not looked. */
  readonly state: ProcessLetter
  /** Processor time so far, seconds. */
  readonly cpu: number
  /** Memory that it really has, bytes; null of one that has ended. */
  readonly resident: number | null
  /** Open files and connections; null: we may not look. */
  readonly files: number | null
  readonly threads: number
  /** Epoch ms, exact to a second or so; null: not known. */
  readonly started: number | null
  /** Seconds from the start of the machine to its own. With the id it tells one process from another that got its id later. */
  readonly startedAfterBoot: number
}

/** @throws ProbeFailed, of kind `gone` where there is no such process */
export async function readProcess(
  pid: number,
  signal: AbortSignal,
  timeLimit: number = PROBE_MS,
): Promise<ProcessReading> {
  try {
    return await within(timeLimit, signal, async () => {
      const [stat, status, files, system] = await Promise.all([
        readFile(`/proc/${pid}/stat`, 'utf8'),
        readFile(`/proc/${pid}/status`, 'utf8'),
        readdir(`/proc/${pid}/fd`).catch(() => null),
        readFile('/proc/stat', 'utf8'),
      ])
      const { name, state, cpu, threads, started } = parseProcessStat(stat)
      const { boot } = parseStat(system)
      const resident = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]
      return {
        ...{ pid, name, state, cpu, threads },
        resident: resident === undefined ? null : Number(resident) * 1024,
        files: files?.length ?? null,
        startedAfterBoot: started,
        started: boot === null ? null : Math.round((boot + started) * 1000),
      }
    })
  } catch (error) {
    throw probeFailure(`process ${pid}`, error)
  }
}
