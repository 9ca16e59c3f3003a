// Goes through a playbook: what is true already is left alone, what is done is verified, and what does not help is not done again
// but escalates. One run at a time for each incident, one act at a time on each target.

import type { Clock } from '../../platform/module.ts'
import type { Subject } from '../subject.ts'
import type { ActStore } from './act-store.ts'
import { refusal } from './limits.ts'
import type { Act, Check, Playbook, Step } from './playbook.ts'

/** Does it, within the signal's time. Resolves to what was done, for the record. */
export type Lever = (signal: AbortSignal) => Promise<string>

export interface Answer {
  readonly isTrue: boolean
  /** What was seen. */
  readonly evidence: string
}
/** Rejects where nobody can tell: that is not true, and not false either. */
export type Probe = (signal: AbortSignal) => Promise<Answer>

export interface RunnerDeps {
  readonly acts: ActStore
  readonly clock: Clock
  /** Absent: this installation has no such lever. */
  readonly levers: Readonly<Partial<Record<Act, Lever>>>
  readonly checks: Readonly<Partial<Record<Check, Probe>>>
  /** The red switch, and the leader's lease: why nothing may be done now; null: it may. */
  mayAct(): string | null
  /** Whether the target is seen at all: nothing is done blindly. */
  sees(target: Subject): boolean
  wait(ms: number): Promise<void>
  /** The operator ends: what is under way is left to whoever goes on. */
  readonly stopping: AbortSignal
}

/**
 * - `true already`, `came by itself`, `helped`: what must be true after the step is
 * - `not yet`, `in vain`, `failed`: it is not; nothing was done, something that did not help, something that could not be done
 * - `refused`: it may not be done now
 * - `would do`: a dry run
 */
export type What =
  | 'true already'
  | 'came by itself'
  | 'helped'
  | 'not yet'
  | 'in vain'
  | 'failed'
  | 'refused'
  | 'would do'

export interface Progress {
  readonly step: Step
  readonly what: What
  readonly evidence: string
}

export interface RunOptions {
  readonly incident: number
  /** Only says what it would do. */
  readonly dryRun?: boolean
  /** Told of each step as it ends. */
  progress(progress: Progress): void
}

/** Between two looks whether it is true yet, ms. */
const LOOK_MS = 200
/** Longest answer to one look, ms: an engine that hangs is asked again. */
const LOOK_MOST_MS = 2_000
const HOUR_MS = 3_600_000

/**
 * - `well`: every step's check is true at its end
 * - `refused`: something may not be done now; later it may
 * - `helpless`: it was done, and did not help: somebody has to look
 * - `stopped`: the operator ends; another run goes on, by what is true then
 */
export type Ending = 'well' | 'refused' | 'helpless' | 'stopped'

export async function runPlaybook(
  deps: RunnerDeps,
  playbook: Playbook,
  options: RunOptions,
): Promise<Ending> {
  for (const step of playbook.steps) {
    if (deps.stopping.aborted) return 'stopped'
    const done = await runStep(deps, playbook, step, options)
    if (deps.stopping.aborted) return 'stopped'
    if (done === null) continue
    options.progress(done)
    if (GOOD.has(done.what)) continue
    if (done.what === 'refused') return 'refused'
    if (step.otherwise === 'escalate') return 'helpless'
  }
  return 'well'
}

const GOOD: ReadonlySet<What> = new Set(['true already', 'came by itself', 'helped', 'would do'])

/** Null: nobody can ask that here. */
async function runStep(
  deps: RunnerDeps,
  playbook: Playbook,
  step: Step,
  { incident, dryRun = false }: RunOptions,
): Promise<Progress | null> {
  const check = deps.checks[step.check]
  if (check === undefined) return null
  const before = await look(check)
  if (before.isTrue) return { step, what: 'true already', evidence: before.evidence }
  if (step.act === null) {
    if (dryRun) return { step, what: 'would do', evidence: `waits up to ${step.limit / 1000} s` }
    const after = await untilTrue(deps, check, step.limit)
    return { step, what: after.isTrue ? 'came by itself' : 'not yet', evidence: after.evidence }
  }
  const lever = deps.levers[step.act]
  const why = forbidden(deps, step, step.act, lever, incident)
  if (why !== null) return { step, what: 'refused', evidence: why }
  if (dryRun) return { step, what: 'would do', evidence: `${step.act}, because: ${before.evidence}` }
  return act(deps, playbook, step, { act: step.act, lever: lever!, check, incident })
}

function forbidden(
  deps: RunnerDeps,
  step: Step,
  act: Act,
  lever: Lever | undefined,
  incident: number,
): string | null {
  if (lever === undefined) return `there is no lever for ${act} here`
  if (!deps.sees(step.on)) return `nobody sees ${step.on}: nothing is done blindly`
  const now = deps.clock()
  return deps.mayAct() ?? refusal(act, incident, deps.acts.since(act, now - HOUR_MS), now)
}

async function act(
  deps: RunnerDeps,
  playbook: Playbook,
  step: Step,
  { act, lever, check, incident }: { act: Act; lever: Lever; check: Probe; incident: number },
): Promise<Progress> {
  const { acts, clock } = deps
  const seq = acts.begin({
    incident,
    playbook: playbook.id,
    step: step.id,
    act,
    target: step.on,
    at: clock(),
  })
  let said: string
  try {
    said = await lever(AbortSignal.any([AbortSignal.timeout(step.limit), deps.stopping]))
  } catch (error) {
    // What came of it is not known: it stays written down as begun.
    if (deps.stopping.aborted) return { step, what: 'failed', evidence: 'the operator ended' }
    const evidence = `it could not be done: ${(error as Error).message}`
    acts.end(seq, 'failed', evidence, clock())
    return { step, what: 'failed', evidence }
  }
  const after = await untilTrue(deps, check, step.limit)
  if (deps.stopping.aborted && !after.isTrue) return { step, what: 'failed', evidence: 'the operator ended' }
  const evidence = `${said}; then: ${after.evidence}`
  acts.end(seq, after.isTrue ? 'helped' : 'in vain', evidence, clock())
  return { step, what: after.isTrue ? 'helped' : 'in vain', evidence }
}

async function untilTrue({ wait, stopping }: RunnerDeps, check: Probe, limit: number): Promise<Answer> {
  const until = performance.now() + limit
  for (;;) {
    const answer = await look(check)
    if (answer.isTrue || stopping.aborted || performance.now() >= until) return answer
    await wait(LOOK_MS)
  }
}

async function look(check: Probe): Promise<Answer> {
  try {
    return await check(AbortSignal.timeout(LOOK_MOST_MS))
  } catch (error) {
    return { isTrue: false, evidence: `nobody can tell: ${(error as Error).message}` }
  }
}
