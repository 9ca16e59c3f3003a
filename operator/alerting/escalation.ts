// When an incident is told, and to how many. One state for each incident, changed by what happens and by time alone; each change
// says what is to be told. Pure: who asks hands in the time, and comes again at `dueAt`.

import type { Level } from '../level.ts'
import { LEVELS } from '../level.ts'
import type { Kind } from './message.ts'

export interface AlertState {
  readonly level: Level
  /** Told at least once. An incident under a silence is not. */
  readonly told: boolean
  /** Since when the time limit runs, epoch ms: from the telling, and from each new step. */
  readonly since: number
  /** Time limits that went by without an acknowledgement: so many more people were told. */
  readonly step: number
  /** Epoch ms; null: nobody has. */
  readonly acknowledgedAt: number | null
  /** When it was last told or reminded of, epoch ms. */
  readonly lastAt: number
  readonly reminders: number
  /** Since when it looks healed, epoch ms; null: it does not. */
  readonly healedAt: number | null
  /** How often it came back while it looked healed. */
  readonly relapses: number
  readonly over: boolean
}

export interface EscalationLimits {
  /** How long one person has to acknowledge a critical incident before the next one is told too, ms. */
  readonly acknowledge: number
  /** How long it stays healed before it is told to be over, ms: one that flaps is one incident. */
  readonly hold: number
  /** Pause between reminders of what nobody has acknowledged, by level, ms. */
  readonly remind: Readonly<Record<Level, number>>
  /** Pause between reminders of what somebody has acknowledged and that still is not over, ms. */
  readonly remindAcknowledged: number
  /** Most reminders of each kind: after that, whoever has not looked will not for one more. */
  readonly remindersMost: number
}

const MINUTE_MS = 60_000
export const ESCALATION: EscalationLimits = {
  // Long enough to wake up and find a telephone, short enough that three people are asked in a quarter of an hour.
  acknowledge: 5 * MINUTE_MS,
  // Twice the longest stay of an indicator: what comes back within it was not healed.
  hold: 2 * MINUTE_MS,
  remind: { warning: 4 * 60 * MINUTE_MS, critical: 5 * MINUTE_MS, emergency: 5 * MINUTE_MS },
  remindAcknowledged: 60 * MINUTE_MS,
  remindersMost: 12,
}

export interface Saying {
  readonly kind: Kind
  readonly level: Level
  /** For `peopleFor`. */
  readonly step: number
  /** Why it is told now. */
  readonly why:
    | 'new'
    | 'worse'
    | 'changed'
    | 'unacknowledged'
    | 'acknowledged'
    | 'helpless'
    | 'over'
    | 'reminder'
}

export interface Move {
  readonly state: AlertState
  readonly says: readonly Saying[]
}

/** `quiet`: a silence covers it. */
export function opened(level: Level, now: number, quiet = false): Move {
  const state: AlertState = {
    level,
    told: !quiet,
    since: now,
    step: 0,
    acknowledgedAt: null,
    lastAt: now,
    reminders: 0,
    healedAt: null,
    relapses: 0,
    over: false,
  }
  return { state, says: quiet ? [] : [{ kind: 'opened', level, step: 0, why: 'new' }] }
}

/** Another level: a worse one is told as an escalation and has to be acknowledged anew; a milder one does not lower it. */
export function judged(state: AlertState, level: Level, now: number, quiet = false): Move {
  if (state.over || LEVELS.indexOf(level) <= LEVELS.indexOf(state.level)) return still(state)
  const worse: AlertState = { ...state, level, since: now, step: 0, acknowledgedAt: null, reminders: 0 }
  if (quiet) return still(worse)
  // What was covered until now and is too bad for the silence is told as new: nobody has heard of it.
  return state.told
    ? say(worse, 'escalated', 'worse', now)
    : say({ ...worse, told: true }, 'opened', 'new', now)
}

/** Facts or causes changed. Told only where the incident was. */
export function changed(state: AlertState, now: number): Move {
  return state.told && !state.over ? say(state, 'updated', 'changed', now, state.lastAt) : still(state)
}

/** What was tried did not help: the next one is told too, at once. Somebody who has it already is told as well. */
export function helpless(state: AlertState, now: number): Move {
  if (state.over || !state.told) return still(state)
  return say({ ...state, since: now, step: state.step + 1, reminders: 0 }, 'escalated', 'helpless', now)
}

/** The second time says nothing. */
export function acknowledged(state: AlertState, now: number): Move {
  if (state.over || state.acknowledgedAt !== null) return still(state)
  const known: AlertState = { ...state, acknowledgedAt: now, reminders: 0 }
  return state.told ? say(known, 'acknowledged', 'acknowledged', now) : still(known)
}

/** It looks healed: told only when it stays so. */
export function healed(state: AlertState, now: number): Move {
  return still(state.over || state.healedAt !== null ? state : { ...state, healedAt: now })
}

/** It was not healed after all. Time limits stood still meanwhile, or its return would be a page. */
export function relapsed(state: AlertState, now: number): Move {
  const { healedAt } = state
  if (state.over || healedAt === null) return still(state)
  const pause = Math.max(0, now - healedAt)
  return still({
    ...state,
    healedAt: null,
    since: state.since + pause,
    lastAt: state.lastAt + pause,
    relapses: state.relapses + 1,
  })
}

/** A person says that it is over: at once, without a hold. */
export function closed(state: AlertState, now: number): Move {
  if (state.over) return still(state)
  const over: AlertState = { ...state, over: true }
  return state.told ? say(over, 'resolved', 'over', now) : still(over)
}

/**
 * What time alone does. `people`: how many `onCall` names. `quiet`: a silence covers it now.
 * Says one thing at a time at most: whoever comes late is not told three things at once.
 */
export function tick(
  state: AlertState,
  now: number,
  people: number,
  quiet = false,
  limits: EscalationLimits = ESCALATION,
): Move {
  if (state.over) return still(state)
  if (state.healedAt !== null) return now >= state.healedAt + limits.hold ? closed(state, now) : still(state)
  if (quiet) return still(state)
  // The silence is over, and it still stands.
  if (!state.told) return say({ ...state, told: true, since: now, step: 0 }, 'opened', 'new', now)
  const due = dueAt(state, limits)
  if (due === null || now < due) return still(state)
  if (state.level === 'critical' && state.acknowledgedAt === null) {
    // Whoever was asked last had as long as everybody before: only then it is an emergency.
    const next: AlertState = { ...state, since: now, step: state.step + 1, reminders: 0 }
    const last = next.step >= Math.max(1, people)
    return say(last ? { ...next, level: 'emergency' } : next, 'escalated', 'unacknowledged', now)
  }
  return say({ ...state, reminders: state.reminders + 1 }, 'reminder', 'reminder', now)
}

/** When `tick` has to look again at the latest, epoch ms; null: only when something happens. */
export function dueAt(state: AlertState, limits: EscalationLimits = ESCALATION): number | null {
  if (state.over) return null
  if (state.healedAt !== null) return state.healedAt + limits.hold
  if (!state.told) return null
  if (state.level === 'critical' && state.acknowledgedAt === null) return state.since + limits.acknowledge
  if (state.reminders >= limits.remindersMost) return null
  const pause = state.acknowledgedAt === null ? limits.remind[state.level] : limits.remindAcknowledged
  return state.lastAt + pause
}

const still = (state: AlertState): Move => ({ state, says: [] })

function say(state: AlertState, kind: Kind, why: Saying['why'], now: number, lastAt = now): Move {
  return { state: { ...state, lastAt }, says: [{ kind, level: state.level, step: state.step, why }] }
}
