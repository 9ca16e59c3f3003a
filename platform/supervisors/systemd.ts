// systemd, by its own program: `systemctl show`, `restart`, `stop`, `start`. No shell is between.

import { execFile } from 'node:child_process'
import { within } from '../within.ts'
import { type Supervisor, SupervisorFailed, supervisorFailure, type UnitState } from './supervisor.ts'

/** Longest look, ms: systemd answers in some tens. */
const STATE_MS = 5_000
/** Longest change, ms: systemd itself kills what has not ended after 90 s (DefaultTimeoutStopSec), and allows as much for a start. */
const CHANGE_MS = 200_000
/** Most that is read of what it prints, bytes. */
const OUTPUT_MOST = 64 * 1024

/** What systemd allows in a name (systemd.unit(5)), and none that could be taken for an option. */
const UNIT_NAME = /^(?!-)[A-Za-z0-9:_.\\@-]{1,255}$/

const PROPERTIES = [
  'LoadState',
  'ActiveState',
  'SubState',
  'Result',
  'MainPID',
  'StateChangeTimestampMonotonic',
]

export interface SystemdOptions {
  /** What units are called here, where that is not their own name: `{ mysql: 'mariadb' }`. */
  readonly units?: Readonly<Record<string, string>>
  /** The program, looked for on the path. */
  readonly program?: string
  /** With `--user`: the service manager of the user that runs this. */
  readonly user?: boolean
  readonly env?: NodeJS.ProcessEnv
  /** Longest change, ms. */
  readonly changeLimit?: number
}

/** Units: `redis`, `kafka`, `mysql`, as the manual has them, or any other name. */
export function systemdSupervisor(options: SystemdOptions = {}): Supervisor {
  const { units = {}, program = 'systemctl', user = false, changeLimit = CHANGE_MS } = options
  // Its words are read: they must not be translated, coloured or shown page by page.
  const env = { ...(options.env ?? process.env), LC_ALL: 'C', SYSTEMD_COLORS: '0', SYSTEMD_PAGER: '' }

  function nameOf(unit: string): string {
    const name = units[unit] ?? unit
    if (!UNIT_NAME.test(name))
      throw new SupervisorFailed('unknown_unit', `${JSON.stringify(name)} is no name of a unit`)
    return name
  }

  function run(args: readonly string[], limit: number, signal: AbortSignal): Promise<string> {
    const all = [...(user ? ['--user'] : []), ...args]
    return within(
      limit,
      signal,
      inner =>
        new Promise<string>((resolve, reject) => {
          const end = { signal: inner, killSignal: 'SIGKILL' as const, maxBuffer: OUTPUT_MOST }
          execFile(program, all, { env, ...end }, (error, stdout, stderr) => {
            if (error === null) resolve(stdout)
            else reject(refusal(error, stderr))
          })
        }),
    ).catch((error: unknown) => {
      throw supervisorFailure('systemd', error)
    })
  }

  async function state(unit: string, signal: AbortSignal): Promise<UnitState> {
    const name = nameOf(unit)
    const properties = PROPERTIES.map(property => `--property=${property}`)
    const text = await run(['show', '--no-pager', ...properties, '--', name], STATE_MS, signal)
    return parseShow(name, text)
  }

  const change = (verb: 'restart' | 'stop' | 'start', wanted: UnitState['running']) => {
    return async (unit: string, signal: AbortSignal): Promise<UnitState> => {
      const name = nameOf(unit)
      const before = await state(unit, signal)
      // It waits until systemd has done it.
      await run([verb, '--no-ask-password', '--', name], changeLimit, signal)
      const after = await state(unit, signal)
      const isOld = verb === 'restart' && before.pid !== null && after.pid === before.pid
      if (after.running !== wanted || isOld)
        throw new SupervisorFailed('failed', `${name} is ${after.detail} after ${verb}`)
      return after
    }
  }

  return {
    name: 'systemd',
    state,
    restart: change('restart', 'yes'),
    stop: change('stop', 'no'),
    start: change('start', 'yes'),
  }
}

const RUNNING: Readonly<Record<string, UnitState['running']>> = {
  ...{ active: 'yes', reloading: 'yes', inactive: 'no', failed: 'no' },
  ...{ activating: 'unknown', deactivating: 'unknown', maintenance: 'unknown' },
}

/** `name=value` lines; times are microseconds since the machine started. @param now monotonic ms, the same clock */
export function parseShow(
  unit: string,
  text: string,
  now: number = Number(process.hrtime.bigint()) / 1e6,
): UnitState {
  const of = new Map(
    text.split('\n').map(line => [line.split('=', 1)[0]!, line.slice(line.indexOf('=') + 1)] as const),
  )
  const load = of.get('LoadState')
  const active = of.get('ActiveState')
  if (load === undefined || active === undefined)
    throw new SupervisorFailed('failed', `systemctl says nothing of ${unit}`)
  if (load === 'not-found') throw new SupervisorFailed('unknown_unit', `there is no unit ${unit}`)
  const pid = Number(of.get('MainPID') ?? 0)
  const changed = Number(of.get('StateChangeTimestampMonotonic') ?? 0) / 1000
  const result = of.get('Result') ?? ''
  const words = [
    active,
    of.get('SubState') ?? '',
    result === 'success' ? '' : result,
    load === 'loaded' ? '' : load,
  ]
  return {
    running: RUNNING[active] ?? 'unknown',
    // 0: it never changed.
    since: changed > 0 ? Math.round(Date.now() - (now - changed)) : null,
    pid: pid > 0 ? pid : null,
    detail: words.filter(word => word !== '').join(', '),
  }
}

/** Exit codes are those of LSB, of which 4 and 5 are used (systemctl(1)). */
function refusal(error: Error & { code?: unknown }, stderr: string): Error {
  const said = stderr.trim().split('\n').slice(-3).join(' ')
  if (/not been booted with systemd|Failed to connect to bus/i.test(said))
    return new SupervisorFailed('away', `systemd: ${said}`)
  if (/access denied|authentication (is )?required|permission denied/i.test(said))
    return new SupervisorFailed('denied', `systemd: ${said}`)
  if (error.code === 5 || /not found|not loaded/i.test(said))
    return new SupervisorFailed('unknown_unit', `systemd: ${said}`)
  if (typeof error.code !== 'number') return error
  return new SupervisorFailed('failed', `systemd: ${said || `exit code ${error.code}`}`)
}
