// One indicator, as a row of the table. Everything about it comes from its row: what it is worth, when it is bad, what is done.

import type { Level } from '../level.ts'
import type { Subject } from '../subject.ts'
import type { Texts } from '../texts.ts'
import type { Thresholds } from './evaluate.ts'
import type { Wanted } from './measure.ts'

export type Unit =
  | 'ratio'
  | 'seconds'
  | 'messages'
  | 'requests'
  | 'per second'
  | 'count'
  | 'bytes per second'
  | 'yes or no'

/** Who looks (manual, E4). */
export type Who =
  | 'system administrator'
  | 'database administrator'
  | 'development lead'
  | 'operations manager'

/** What the manual calls its part of monitoring. */
export type Family = 'application' | 'infrastructure' | 'business' | 'bottleneck'

export interface Indicator extends Wanted {
  readonly id: string
  readonly name: Texts
  readonly subject: Subject
  readonly family: Family
  readonly unit: Unit
  /** Null: shown, and nobody is told. */
  readonly alarm: Alarm | null
}

export interface Alarm extends Omit<Thresholds, 'bad'> {
  readonly level: Level
  /** Id of the playbook that answers it. */
  readonly response: string
  readonly who: Who
  /** Who set the threshold: the manual, or we, where it gives none. */
  readonly by: 'manual' | 'ours'
}
