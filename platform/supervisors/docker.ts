// Docker, or whatever speaks its Engine API (Podman does), over its socket or by HTTP(S).

import { askHttp, type HttpReply, type HttpTarget } from '../http/ask-http.ts'
import { numberOf } from '../probes/probe.ts'
import { within } from '../within.ts'
import { type Supervisor, SupervisorFailed, supervisorFailure, type UnitState } from './supervisor.ts'

/** Longest look, ms. */
const STATE_MS = 5_000
/** Time for an orderly end before Docker sends SIGKILL, seconds: its own default. */
const GRACE_S = 10
/** What Docker itself needs for a change beyond that, ms. */
const CHANGE_MS = 30_000

/** As Docker makes names, and ids. */
const CONTAINER = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,254}$/
const API_VERSION = /^\d{1,2}\.\d{1,3}$/

export interface DockerOptions extends Omit<HttpTarget, 'base'> {
  /** Default: `unix:///var/run/docker.sock`. */
  readonly base?: string
  /** Names of containers, where they are not what units are called here: `{ redis: 'shop-redis-1' }`. */
  readonly units?: Readonly<Record<string, string>>
  /** Seconds. */
  readonly grace?: number
  /** Longest look, ms. */
  readonly stateLimit?: number
  /** Longest change beyond the grace, ms. */
  readonly changeLimit?: number
}

export function dockerSupervisor(options: DockerOptions = {}): Supervisor {
  const { base = 'unix:///var/run/docker.sock', units = {}, grace = GRACE_S, ...rest } = options
  const { stateLimit = STATE_MS, changeLimit = CHANGE_MS, ...secrets } = rest
  const target: HttpTarget = { base, ...secrets }

  function nameOf(unit: string): string {
    const name = units[unit] ?? unit
    if (!CONTAINER.test(name))
      throw new SupervisorFailed('unknown_unit', `${JSON.stringify(name)} is no name of a container`)
    return name
  }

  /** By the newest version of the API that the server has: what is asked here is the same in all of them. */
  async function ask(
    method: 'GET' | 'POST',
    path: string,
    limit: number,
    signal: AbortSignal,
  ): Promise<HttpReply> {
    return within(limit, signal, async inner => {
      const ping = await askHttp(target, { method: 'GET', path: '/_ping' }, inner)
      const version = String(ping.headers['api-version'] ?? '')
      if (ping.status !== 200 || !API_VERSION.test(version))
        throw new SupervisorFailed('failed', `Docker answers ${ping.status} to a ping`)
      return await askHttp(target, { method, path: `/v${version}${path}` }, inner)
    }).catch((error: unknown) => {
      throw supervisorFailure('Docker', error)
    })
  }

  async function state(unit: string, signal: AbortSignal): Promise<UnitState> {
    const name = nameOf(unit)
    const reply = await ask('GET', `/containers/${name}/json`, stateLimit, signal)
    if (reply.status !== 200) throw refusal(name, reply)
    return parseContainer(reply.text)
  }

  const change = (verb: 'restart' | 'stop' | 'start', wanted: UnitState['running']) => {
    return async (unit: string, signal: AbortSignal): Promise<UnitState> => {
      const name = nameOf(unit)
      const before = await state(unit, signal)
      const query = verb === 'start' ? '' : `?t=${grace}`
      const limit = changeLimit + (verb === 'start' ? 0 : grace * 1_000)
      const reply = await ask('POST', `/containers/${name}/${verb}${query}`, limit, signal)
      // 304: it is so already.
      if (reply.status !== 204 && !(reply.status === 304 && verb !== 'restart')) throw refusal(name, reply)
      const after = await state(unit, signal)
      const isOld = verb === 'restart' && before.running === 'yes' && after.since === before.since
      if (after.running !== wanted || isOld)
        throw new SupervisorFailed('failed', `${name} is ${after.detail} after ${verb}`)
      return after
    }
  }

  return {
    name: 'docker',
    state,
    restart: change('restart', 'yes'),
    stop: change('stop', 'no'),
    start: change('start', 'yes'),
  }
}

interface Container {
  readonly State?: {
    readonly Status?: string
    readonly Running?: boolean
    readonly Paused?: boolean
    readonly Restarting?: boolean
    readonly OOMKilled?: boolean
    readonly Pid?: number
    readonly ExitCode?: number
    readonly StartedAt?: string
    readonly FinishedAt?: string
    readonly Health?: { readonly Status?: string }
  }
}

/** Of the answer to `GET /containers/{name}/json`. */
export function parseContainer(text: string): UnitState {
  let state: Container['State']
  try {
    state = (JSON.parse(text) as Container).State
  } catch {
    state = undefined // said below: an answer that is none
  }
  if (typeof state?.Running !== 'boolean')
    throw new SupervisorFailed('failed', 'Docker says nothing of the state of the container')
  const { Status = '', Running, Paused, Restarting, OOMKilled, Health } = state
  const running = Restarting ? 'unknown' : Running ? 'yes' : 'no'
  const words = [
    Status,
    Paused ? 'paused' : '',
    Running ? '' : `exit code ${state.ExitCode ?? 'unknown'}`,
    OOMKilled ? 'killed for want of memory' : '',
    Health?.Status === undefined || Health.Status === 'none' ? '' : Health.Status,
  ]
  const pid = numberOf(state.Pid)
  return {
    running,
    since: timeOf(Running ? state.StartedAt : state.FinishedAt),
    pid: pid === null || pid === 0 ? null : pid,
    detail: [...new Set(words)].filter(word => word !== '').join(', '),
  }
}

/** The year 1 is how Docker says never. */
function timeOf(text: string | undefined): number | null {
  const time = Date.parse(text ?? '')
  return Number.isNaN(time) || time <= 0 ? null : time
}

function refusal(name: string, { status, text }: HttpReply): SupervisorFailed {
  let said = ''
  try {
    said = String((JSON.parse(text) as { message?: unknown }).message ?? '')
  } catch {
    // An answer of somebody between us and Docker: its status is all that counts.
  }
  const kind = KINDS[status] ?? 'failed'
  return new SupervisorFailed(kind, `Docker answers ${status} for ${name}: ${said.slice(0, SAID_MOST)}`)
}

/** Characters of its words that are shown. */
const SAID_MOST = 300
const KINDS: Readonly<Record<number, SupervisorFailed['kind']>> = {
  ...{ 401: 'denied', 403: 'denied', 404: 'unknown_unit', 409: 'conflict' },
}
