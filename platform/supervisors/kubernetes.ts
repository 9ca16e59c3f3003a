// Kubernetes, by its API: a Deployment or StatefulSet is rolled over as `kubectl rollout restart` does it; a single pod is
// deleted, and its controller makes another.

import { setTimeout as pause } from 'node:timers/promises'
import type { HttpQuestion } from '../http/ask-http.ts'
import { within } from '../within.ts'
import { type KubernetesAccess, KubernetesApi } from './kubernetes-api.ts'
import { type Pod, podState, rolloutOf, type Workload, type WorkloadKind, workloadState } from './rollout.ts'
import { type Supervisor, SupervisorFailed, supervisorFailure, type UnitState } from './supervisor.ts'

/** Longest look, ms. */
const STATE_MS = 5_000
/** Longest change, ms: a pod has 30 s to end by default, and its image may have to be fetched. */
const CHANGE_MS = 300_000
/** A watch is asked to end after so long, seconds: one whose connection died unseen is noticed then. */
const WATCH_S = 30
/** Pause after a watch that ended, ms. */
const LOOK_AGAIN_MS = 500

/** As kubectl writes down when it rolls something over. */
const RESTARTED = 'kubectl.kubernetes.io/restartedAt'
/** How many there were before `stop`, for `start`. */
const REPLICAS_BEFORE = 'levee/replicas-before-stop'

/** As Kubernetes makes names (RFC 1123). */
const UNIT = /^(deployment|statefulset|pod)\/([a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)$/

export interface KubernetesOptions extends KubernetesAccess {
  /** What units are here, where they are called otherwise: `{ redis: 'statefulset/redis' }`. */
  readonly units?: Readonly<Record<string, string>>
  /** Time to end before SIGKILL for a pod that is deleted, seconds; absent: as it says itself. */
  readonly grace?: number
  /** Longest look, ms. */
  readonly stateLimit?: number
  /** Longest change, ms. */
  readonly changeLimit?: number
}

interface Place {
  readonly kind: WorkloadKind | 'pod'
  readonly name: string
  /** Of all of its kind, and of itself. */
  readonly list: string
  readonly path: string
}

/** Units: `deployment/NAME`, `statefulset/NAME`, `pod/NAME`. A pod can be restarted only. */
export function kubernetesSupervisor(options: KubernetesOptions = {}): Supervisor {
  const { units = {}, grace, stateLimit = STATE_MS, changeLimit = CHANGE_MS } = options
  const api = new KubernetesApi(options)

  async function placeOf(unit: string): Promise<Place> {
    const [, kind, name] = UNIT.exec(units[unit] ?? unit) ?? []
    if (kind === undefined || name === undefined)
      throw new SupervisorFailed(
        'unknown_unit',
        `${JSON.stringify(unit)} is no deployment, statefulset or pod`,
      )
    const space = encodeURIComponent(await api.namespace())
    const list =
      kind === 'pod' ? `/api/v1/namespaces/${space}/pods` : `/apis/apps/v1/namespaces/${space}/${kind}s`
    return { kind: kind as Place['kind'], name, list, path: `${list}/${name}` }
  }

  const read = <T>({ path, kind, name }: Place, signal: AbortSignal): Promise<T> =>
    api.ask<T>({ method: 'GET', path }, `${kind} ${name}`, signal)

  async function stateOf(place: Place, signal: AbortSignal): Promise<UnitState> {
    if (place.kind === 'pod') return podState(await read<Pod>(place, signal))
    return workloadState(place.kind, await read<Workload>(place, signal))
  }

  async function patch(place: Place, type: 'strategic-merge' | 'merge', body: object, signal: AbortSignal) {
    const question: HttpQuestion = {
      ...{ method: 'PATCH', path: `${place.path}?fieldManager=levee`, body: JSON.stringify(body) },
      headers: { 'content-type': `application/${type}-patch+json` },
    }
    return api.ask<Workload>(question, `${place.kind} ${place.name}`, signal)
  }

  /** Looks, and then again at every change, until `judge` is content. */
  async function until<T>(
    place: Place,
    signal: AbortSignal,
    judge: (found: T | null) => boolean,
  ): Promise<T | null> {
    for (;;) {
      const found = await read<T>(place, signal).catch((error: unknown) => {
        if (error instanceof SupervisorFailed && error.kind === 'unknown_unit') return null
        throw error
      })
      if (judge(found)) return found
      const version = (found as Workload | null)?.metadata?.resourceVersion
      const query = new URLSearchParams({
        watch: 'true',
        fieldSelector: `metadata.name=${place.name}`,
        timeoutSeconds: String(WATCH_S),
        ...(version === undefined ? {} : { resourceVersion: version }),
      })
      const events = api.watch<{ type?: string; object?: T }>(`${place.list}?${query}`, place.name, signal)
      // Any event is a reason to look again; ERROR says that the version is too old to go on from.
      for await (const { type, object } of events) {
        if (type === 'ERROR' || object === undefined) break
        const now = type === 'DELETED' ? null : object
        if (judge(now)) return now
      }
      // A server that ends every watch at once must not be asked as fast as it can.
      await pause(LOOK_AGAIN_MS, undefined, { signal })
    }
  }

  async function rolledOver(place: Place & { kind: WorkloadKind }, signal: AbortSignal): Promise<UnitState> {
    const done = await until<Workload>(place, signal, workload => {
      if (workload === null) throw new SupervisorFailed('unknown_unit', `${place.name} was deleted`)
      const rollout = rolloutOf(place.kind, workload)
      if (rollout.is === 'failed') throw new SupervisorFailed('failed', `${place.name}: ${rollout.why}`)
      return rollout.is === 'done'
    })
    return workloadState(place.kind, done!)
  }

  /** Exactly that pod, and only if its controller makes another of the same name. */
  async function replacePod(place: Place, signal: AbortSignal): Promise<UnitState> {
    const { metadata } = await read<Pod>(place, signal)
    const owner = metadata?.ownerReferences?.find(({ controller }) => controller === true)
    if (owner?.kind !== 'StatefulSet' || metadata?.uid === undefined)
      throw new SupervisorFailed(
        'failed',
        `${place.name} belongs to ${owner?.kind ?? 'nobody'}, not to a StatefulSet: restart its deployment instead`,
      )
    const body = {
      ...{ kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid: metadata.uid } },
      ...(grace === undefined ? {} : { gracePeriodSeconds: grace }),
    }
    const headers = { 'content-type': 'application/json' }
    await api.ask(
      { method: 'DELETE', path: place.path, body: JSON.stringify(body), headers },
      `pod ${place.name}`,
      signal,
    )
    const another = await until<Pod>(place, signal, pod => {
      return pod !== null && pod.metadata?.uid !== metadata.uid && podState(pod).running === 'yes'
    })
    return podState(another!)
  }

  async function scale(place: Place, to: 'zero' | 'before', signal: AbortSignal): Promise<UnitState> {
    if (!isWorkload(place)) throw new SupervisorFailed('failed', 'a pod can be restarted only')
    const workload = await read<Workload>(place, signal)
    const now = workload.spec?.replicas ?? 1
    if (to === 'zero' ? now > 0 : now === 0) {
      const kept = Number(workload.metadata?.annotations?.[REPLICAS_BEFORE] ?? 1)
      const body =
        to === 'zero'
          ? { metadata: { annotations: { [REPLICAS_BEFORE]: String(now) } }, spec: { replicas: 0 } }
          : { metadata: { annotations: { [REPLICAS_BEFORE]: null } }, spec: { replicas: kept } }
      await patch(place, 'merge', body, signal)
    }
    return rolledOver(place, signal)
  }

  const bounded = (
    limit: number,
    work: (place: Place, signal: AbortSignal) => Promise<UnitState>,
  ): Supervisor['state'] => {
    return (unit, signal) =>
      within(limit, signal, async inner => work(await placeOf(unit), inner)).catch((error: unknown) => {
        throw supervisorFailure('Kubernetes', error)
      })
  }

  return {
    name: 'kubernetes',
    state: bounded(stateLimit, stateOf),
    restart: bounded(changeLimit, async (place, signal) => {
      if (!isWorkload(place)) return replacePod(place, signal)
      const { spec } = await read<Workload>(place, signal)
      if (spec?.replicas === 0) return scale(place, 'before', signal)
      const annotations = { [RESTARTED]: new Date().toISOString() }
      await patch(place, 'strategic-merge', { spec: { template: { metadata: { annotations } } } }, signal)
      return rolledOver(place, signal)
    }),
    stop: bounded(changeLimit, (place, signal) => scale(place, 'zero', signal)),
    start: bounded(changeLimit, (place, signal) => scale(place, 'before', signal)),
  }
}

const isWorkload = (place: Place): place is Place & { kind: WorkloadKind } => place.kind !== 'pod'
