// Engines that `levee engines` runs, as processes of this machine. A restart keeps their data, port and passwords.

import type { EngineName } from '../engines/engine.ts'
import { ENGINE_NAMES, loadEngine, STANDING_FOLDER } from '../engines/engines.ts'
import { engineDown, engineRestart, engineStart, engineStatus } from '../engines/standing.ts'
import { readProcess } from '../probes/process-probe.ts'
import { within } from '../within.ts'
import { type Supervisor, SupervisorFailed, supervisorFailure, type UnitState } from './supervisor.ts'

/** Time for an orderly end before SIGKILL, ms. A healthy engine needs one or two seconds; one that hangs must not hold up its own restart. */
const GRACE_MS = 10_000
/** Longest look, ms: the engine itself is asked too, for a second. */
const STATE_MS = 3_000
/** Longest start, ms: a Kafka on a busy machine; recovery after a crash. */
const START_MS = 90_000
/** Longest wait for a person who is at the same engine with `levee engines`, ms. */
const OTHERS_MS = 10_000

export interface LocalOptions {
  /** As `levee engines --folder`. */
  readonly folder?: string
  /** ms */
  readonly grace?: number
  /** Longest start, ms. */
  readonly startLimit?: number
}

const WORDS: Readonly<Record<string, string>> = {
  T: 'stopped by a signal',
  t: 'stopped by a debugger',
  D: 'waits for a disk',
}

/** Units: `mariadb` (also as `mysql`), `redis`, `kafka`. */
export function localSupervisor(options: LocalOptions = {}): Supervisor {
  const { folder = STANDING_FOLDER, grace = GRACE_MS, startLimit = START_MS } = options
  const patience = { grace, others: OTHERS_MS }

  async function state(unit: string, signal: AbortSignal): Promise<UnitState> {
    const status = await engineStatus(await engineOf(unit), folder)
    if (!status.known) throw new SupervisorFailed('unknown_unit', `no ${unit} ran in ${folder} before`)
    const { pid, reachable } = status
    if (pid === null) return { running: 'no', since: null, pid, detail: 'there is no such process' }
    const process = await readProcess(pid, signal).catch(() => null)
    // It went between the two looks.
    if (process === null || process.state === 'Z')
      return { running: 'no', since: null, pid: null, detail: 'it has just ended' }
    const how = [reachable ? 'answers' : 'does not answer', WORDS[process.state]].filter(Boolean).join(', ')
    return { running: 'yes', since: process.started, pid, detail: how }
  }

  const bounded = (
    unit: string,
    limit: number,
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<UnitState>,
  ): Promise<UnitState> =>
    within(limit, signal, work).catch((error: unknown) => {
      throw supervisorFailure(unit, error)
    })

  return {
    name: 'local',
    state: (unit, signal) => bounded(unit, STATE_MS, signal, inner => state(unit, inner)),
    restart: (unit, signal) =>
      bounded(unit, OTHERS_MS + grace + startLimit, signal, async inner => {
        await state(unit, inner)
        await engineRestart(await engineOf(unit), folder, patience)
        return state(unit, inner)
      }),
    stop: (unit, signal) =>
      bounded(unit, OTHERS_MS + grace + STATE_MS, signal, async inner => {
        await engineDown(await engineOf(unit), folder, patience)
        return state(unit, inner)
      }),
    start: (unit, signal) =>
      bounded(unit, OTHERS_MS + startLimit, signal, async inner => {
        await state(unit, inner)
        await engineStart(await engineOf(unit), folder, patience)
        return state(unit, inner)
      }),
  }
}

function engineOf(unit: string) {
  const name = (unit === 'mysql' ? 'mariadb' : unit) as EngineName
  if (!ENGINE_NAMES.includes(name))
    throw new SupervisorFailed('unknown_unit', `${unit} is none of ${ENGINE_NAMES.join(', ')}`)
  return loadEngine(name)
}
