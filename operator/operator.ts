// The operator: observe → diagnose → plan → act → verify → record. Everything it can see and do is handed in.

import type { Log } from '../platform/log/log.ts'
import type { Clock } from '../platform/module.ts'
import type { SmallStore } from '../platform/store/small-store.ts'
import { causes } from './diagnosis/causes.ts'
import { diagnose, type Symptom } from './diagnosis/diagnose.ts'
import { impactOf } from './incidents/impact.ts'
import type { Change, Incident } from './incidents/incident.ts'
import { IncidentDesk } from './incidents/incident-desk.ts'
import { Lease } from './lease.ts'
import { type Collecting, type Collector, collect } from './monitoring/collect.ts'
import { indicators } from './monitoring/indicators.ts'
import { type Bad, Watch } from './monitoring/watch.ts'
import { ActStore } from './recovery/act-store.ts'
import { playbookById } from './recovery/playbooks.ts'
import { type Progress, type RunnerDeps, runPlaybook } from './recovery/run-playbook.ts'

export interface OperatorDeps extends Pick<RunnerDeps, 'levers' | 'checks'> {
  readonly store: SmallStore
  readonly clock: Clock
  readonly log: Log
  /** Unlike any other operator that ever was. */
  readonly owner: string
  readonly collectors: readonly Collector[]
  /** In the transaction of the change. */
  tell(change: Change, now: number): void
  /** Nothing that was to be done is left: somebody has to look. */
  escalate(incident: Incident, why: string, now: number): void
}

/** Between two judgements, ms: a tenth of the time in which a fault is to be noticed. */
const JUDGE_EVERY_MS = 100
/** Between two looks for series that nobody sees any more, ms. */
const FORGET_EVERY_MS = 60_000
const LEASE_EVERY_MS = 1_000

export class Operator {
  readonly desk: IncidentDesk
  readonly acts: ActStore
  readonly watch: Watch
  private readonly deps: OperatorDeps
  private readonly lease: Lease
  private collecting: Collecting | null = null
  private timers: NodeJS.Timeout[] = []
  private isLeader = false
  /** Set by people: nothing is done, all is watched. */
  private redSwitch: string | null = null
  /** Runs of playbooks, by incident. */
  private readonly runs = new Map<number, Promise<void>>()
  /** For which cause each incident was acted on, and whether that may be tried again, from when on; epoch ms. */
  private readonly actedOn = new Map<number, { key: string; again: number }>()
  private readonly stopping = new AbortController()

  constructor(deps: OperatorDeps) {
    this.deps = deps
    this.desk = new IncidentDesk({ store: deps.store, tell: deps.tell })
    this.acts = new ActStore(deps.store)
    this.lease = new Lease(deps.store, deps.owner)
    const remembered = this.desk.incidents
      .open()
      .filter(({ state }) => state === 'open')
      .flatMap(({ symptoms, since }) => symptoms.map(id => ({ id, since })))
    this.watch = new Watch(indicators, remembered, deps.clock())
  }

  start(): void {
    const { collectors, clock, log } = this.deps
    this.renew()
    this.collecting = collect({
      ...{ collectors, clock },
      take: scrape => this.watch.take(scrape),
      changed: (collector, problem) =>
        problem === null
          ? log.info({ collector }, 'sees again')
          : log.warn({ collector, problem }, 'sees nothing'),
    })
    this.every(JUDGE_EVERY_MS, () => this.judge())
    this.every(LEASE_EVERY_MS, () => this.renew())
    this.every(FORGET_EVERY_MS, () => this.watch.history.forget(clock()))
  }

  async stop(): Promise<void> {
    this.stopping.abort()
    for (const timer of this.timers) clearInterval(timer)
    await this.collecting?.stop()
    await Promise.all(this.runs.values())
    this.lease.leave()
  }

  /** The big red switch: who and why; null: acting is allowed again. */
  set acting(off: string | null) {
    this.redSwitch = off
  }

  private every(ms: number, work: () => void): void {
    this.timers.push(
      setInterval(() => {
        try {
          work()
        } catch (error) {
          // The store is full or locked: what is seen stays, and is written when it can be.
          this.deps.log.error({ err: error }, 'the operator could not go on')
        }
      }, ms),
    )
  }

  private renew(): void {
    this.isLeader = this.lease.take(this.deps.clock())
  }

  private judge(): void {
    // Whoever is not the leader watches; its store is the leader's too.
    if (!this.isLeader || this.stopping.signal.aborted) return
    const now = this.deps.clock()
    const { bad } = this.watch.judge(now)
    const changes = this.desk.take(diagnose(bad.map(symptomOf)), now)
    for (const { what, incident } of changes) {
      this.deps.log.warn({ incident: incident.number, key: incident.key, level: incident.level }, what)
      if (what !== 'resolved') continue
      const impact = impactOf(this.watch.history, incident.since, incident.quietSince ?? now)
      this.desk.incidents.note(incident.number, now, 'impact', { ...impact })
    }
    for (const incident of this.desk.incidents.open()) if (incident.state === 'open') this.actOn(incident)
  }

  private actOn(incident: Incident): void {
    const { number, key } = incident
    const before = this.actedOn.get(number)
    const now = this.deps.clock()
    if (this.runs.has(number) || (before?.key === key && now < before.again)) return
    const isFirst = before?.key !== key
    this.actedOn.set(number, { key, again: Number.POSITIVE_INFINITY })
    const playbook = playbookById.get(causes.find(({ id }) => id === key)?.response ?? '')
    if (playbook === undefined) return
    const { deps } = this
    const run = runPlaybook(
      {
        ...{ acts: this.acts, clock: deps.clock, levers: deps.levers, checks: deps.checks },
        mayAct: () => this.redSwitch ?? (this.isLeader ? null : 'another operator acts'),
        sees: target => this.sees(target),
        wait: ms => new Promise(resolve => setTimeout(resolve, ms)),
        stopping: this.stopping.signal,
      },
      playbook,
      {
        incident: number,
        progress: progress => {
          // What is refused again is not said again.
          if (isFirst || progress.what !== 'refused') this.note(number, playbook.id, progress)
        },
      },
    )
      .then(ending => {
        if (ending === 'refused') this.actedOn.set(number, { key, again: deps.clock() + REFUSED_MS })
        if (ending === 'helpless' || (ending === 'refused' && isFirst))
          deps.escalate(incident, `${playbook.id}: ${ending}`, deps.clock())
      })
      .catch(error => deps.log.error({ err: error, incident: number }, 'a playbook broke off'))
      .finally(() => this.runs.delete(number))
    this.runs.set(number, run)
  }

  /** Some indicator of the target has a value: what is not seen at all is not touched. */
  private sees(target: string): boolean {
    const now = this.deps.clock()
    return indicators.some(({ id, subject }) => {
      if (subject !== target) return false
      const seenAt = this.watch.standing(id)?.seenAt ?? null
      return seenAt !== null && now - seenAt < SEEN_MS
    })
  }

  private note(incident: number, playbook: string, { step, what, evidence }: Progress): void {
    const { clock, log } = this.deps
    log.warn({ incident, playbook, step: step.id, what, evidence }, 'step')
    this.desk.incidents.note(incident, clock(), 'action', { playbook, step: step.id, what, evidence })
  }
}

/** What may not be done now is tried again after this long, ms: the switch is set back, a cool-down ends, eyes see again. */
const REFUSED_MS = 15_000

/** What was seen is seen for so long, ms. */
const SEEN_MS = 15_000

const symptomOf = ({ indicator, since, value, labels }: Bad): Symptom => ({
  ...{ id: indicator.id, since, value, labels, level: indicator.alarm!.level },
})
