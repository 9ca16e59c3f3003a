// Whether what a Deployment or StatefulSet is told to be is what it is. Pure; the rules are those of `kubectl rollout status`.

import type { UnitState } from './supervisor.ts'

export interface Workload {
  readonly metadata?: {
    readonly uid?: string
    readonly generation?: number
    readonly resourceVersion?: string
    readonly creationTimestamp?: string
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly spec?: {
    readonly replicas?: number
    readonly updateStrategy?: {
      readonly type?: string
      readonly rollingUpdate?: { readonly partition?: number }
    }
    readonly template?: { readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> } }
  }
  readonly status?: {
    readonly observedGeneration?: number
    readonly replicas?: number
    readonly updatedReplicas?: number
    readonly readyReplicas?: number
    readonly availableReplicas?: number
    readonly currentRevision?: string
    readonly updateRevision?: string
    readonly conditions?: readonly Condition[]
  }
}

export interface Condition {
  readonly type?: string
  readonly status?: string
  readonly reason?: string
  readonly message?: string
  readonly lastTransitionTime?: string
}

export interface Pod {
  readonly metadata?: {
    readonly uid?: string
    readonly name?: string
    readonly deletionTimestamp?: string
    readonly ownerReferences?: readonly {
      readonly kind?: string
      readonly name?: string
      readonly controller?: boolean
    }[]
  }
  readonly status?: {
    readonly phase?: string
    readonly startTime?: string
    readonly reason?: string
    readonly conditions?: readonly Condition[]
    readonly containerStatuses?: readonly {
      readonly name?: string
      readonly ready?: boolean
      readonly restartCount?: number
      readonly state?: { readonly waiting?: { readonly reason?: string } }
    }[]
  }
}

export type WorkloadKind = 'deployment' | 'statefulset'

/** `failed`: it will not come to it by itself. */
export type Rollout =
  | { readonly is: 'done' }
  | { readonly is: 'under way'; readonly why: string }
  | { readonly is: 'failed'; readonly why: string }

/** How many it has when nothing is said. */
const REPLICAS = 1

export function rolloutOf(kind: WorkloadKind, { metadata, spec, status = {} }: Workload): Rollout {
  const wanted = spec?.replicas ?? REPLICAS
  const { updatedReplicas: updated = 0, replicas: all = 0, readyReplicas: ready = 0 } = status
  if ((status.observedGeneration ?? 0) < (metadata?.generation ?? 0))
    return underWay('the controller has not seen the change yet')
  if (kind === 'deployment') {
    const progress = status.conditions?.find(({ type }) => type === 'Progressing')
    if (progress?.reason === 'ProgressDeadlineExceeded')
      return { is: 'failed', why: progress.message ?? 'it took longer than it may' }
    const available = status.availableReplicas ?? 0
    if (updated < wanted) return underWay(`${updated} of ${wanted} are new`)
    if (all > updated) return underWay(`${all - updated} old ones are still there`)
    if (available < updated) return underWay(`${available} of ${updated} are available`)
    return { is: 'done' }
  }
  if (spec?.updateStrategy?.type === 'OnDelete')
    return { is: 'failed', why: 'it replaces pods only when they are deleted (OnDelete)' }
  const least = spec?.updateStrategy?.rollingUpdate?.partition ?? 0
  if (ready < wanted) return underWay(`${ready} of ${wanted} are ready`)
  if (least > 0)
    return updated < wanted - least ? underWay(`${updated} of ${wanted - least} are new`) : { is: 'done' }
  if (all > wanted) return underWay(`${all - wanted} too many are still there`)
  if (wanted > 0 && status.updateRevision !== status.currentRevision)
    return underWay(`${updated} of ${wanted} are new`)
  return { is: 'done' }
}

const underWay = (why: string): Rollout => ({ is: 'under way', why })

export function workloadState(kind: WorkloadKind, workload: Workload): UnitState {
  const { spec, status = {} } = workload
  const wanted = spec?.replicas ?? REPLICAS
  const ready = status.readyReplicas ?? 0
  const rollout = rolloutOf(kind, workload)
  const words = [`${ready} of ${wanted} ready`, ...(rollout.is === 'done' ? [] : [rollout.why])]
  const available = status.conditions?.find(({ type }) => type === 'Available')
  return {
    // Some of several: it serves, and no margin may be left, which the words tell.
    running:
      ready > 0
        ? 'yes'
        : wanted === 0 && (status.replicas ?? 0) === 0
          ? 'no'
          : wanted === 0
            ? 'unknown'
            : 'no',
    since: timeOf(available?.lastTransitionTime),
    pid: null,
    detail: words.join(', '),
  }
}

export function podState({ metadata, status = {} }: Pod): UnitState {
  const ready = status.conditions?.find(({ type }) => type === 'Ready')
  const waiting = status.containerStatuses?.flatMap(({ state }) => state?.waiting?.reason ?? []) ?? []
  const restarts = status.containerStatuses?.reduce((sum, { restartCount = 0 }) => sum + restartCount, 0) ?? 0
  const isEnding = metadata?.deletionTimestamp !== undefined
  const words = [
    status.phase ?? 'Unknown',
    isEnding ? 'ending' : ready?.status === 'True' ? 'ready' : 'not ready',
    ...waiting,
    ...(status.reason === undefined ? [] : [status.reason]),
    ...(restarts === 0 ? [] : [`${restarts} restarts`]),
  ]
  const isUp = !isEnding && ready?.status === 'True'
  return {
    running: isUp
      ? 'yes'
      : isEnding || status.phase === 'Pending' || status.phase === 'Unknown'
        ? 'unknown'
        : 'no',
    since: timeOf(ready?.lastTransitionTime ?? status.startTime),
    pid: null,
    detail: words.join(', '),
  }
}

function timeOf(text: string | undefined): number | null {
  const time = Date.parse(text ?? '')
  return Number.isNaN(time) ? null : time
}
