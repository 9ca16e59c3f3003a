// Whoever starts and ends the processes here: one interface, whatever it is. Drivers: local.ts, systemd.ts, docker.ts, kubernetes.ts.

export interface UnitState {
  /** `unknown`: it is starting or ending, or the supervisor does not know either. */
  readonly running: 'yes' | 'no' | 'unknown'
  /** Since when it runs (or does not), epoch ms; null: not told. */
  readonly since: number | null
  /** Of its main process, on the machine where it runs; null: it has none, several, or it is not told. */
  readonly pid: number | null
  /** The supervisor's own words, for people. */
  readonly detail: string
}

/**
 * A unit is what the driver calls it: `redis` (local, and by default systemd), the name of a container, or
 * `statefulset/redis`. All calls end within the driver's time limits, and when the signal comes; what was begun then goes on
 * in the supervisor, and `state` tells what came of it. All throw SupervisorFailed.
 */
export interface Supervisor {
  readonly name: 'local' | 'systemd' | 'docker' | 'kubernetes'
  state(unit: string, signal: AbortSignal): Promise<UnitState>
  /** Ends it, hanging or not, and starts it; one that does not run is started. Resolves when it runs as another one than before. */
  restart(unit: string, signal: AbortSignal): Promise<UnitState>
  /** One that does not run stays so. */
  stop(unit: string, signal: AbortSignal): Promise<UnitState>
  /** One that runs is left alone. */
  start(unit: string, signal: AbortSignal): Promise<UnitState>
}

/**
 * - `unknown_unit`: there is no such thing
 * - `away`: the supervisor is not here, or nobody takes the connection
 * - `hung`: it did not answer, or did not get done, within the time limit: what came of it is unknown
 * - `denied`: it does not let us
 * - `conflict`: somebody else is at work on the same thing: look again
 * - `failed`: it tried, and the unit did not come up or end; or it said something that nobody understands
 */
export type SupervisorFailure = 'unknown_unit' | 'away' | 'hung' | 'denied' | 'conflict' | 'failed'

export class SupervisorFailed extends Error {
  override readonly name = 'SupervisorFailed'
  readonly kind: SupervisorFailure

  constructor(kind: SupervisorFailure, message: string, options?: ErrorOptions) {
    super(message, options)
    this.kind = kind
  }
}

/** What a request or a program that failed says of the supervisor. */
export function supervisorFailure(who: string, error: unknown): SupervisorFailed {
  if (error instanceof SupervisorFailed) return error
  const { code = '', message, name } = error as NodeJS.ErrnoException
  const kind: SupervisorFailure =
    name === 'OverTime' || code === 'ETIMEDOUT'
      ? 'hung'
      : AWAY.has(code)
        ? 'away'
        : code === 'EACCES' || code === 'EPERM'
          ? 'denied'
          : 'failed'
  return new SupervisorFailed(kind, `${who}: ${message}`, { cause: error })
}

const AWAY = new Set([
  ...['ECONNREFUSED', 'ENOENT', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN', 'ECONNRESET'],
])
