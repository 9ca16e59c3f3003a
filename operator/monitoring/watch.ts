// All indicators over time: what the collectors bring in, what has changed out. Pure but for what it remembers.

import { atFirst, evaluate, type Standing, type Transition } from './evaluate.ts'
import { History } from './history.ts'
import type { Indicator } from './indicator.ts'
import { measure } from './measure.ts'
import type { Scrape } from './samples.ts'

export interface Bad {
  readonly indicator: Indicator
  /** Since when the condition is true by what was seen, epoch ms. */
  readonly since: number
  readonly value: number | null
  readonly labels: Readonly<Record<string, string>>
}

export interface Judged {
  readonly transitions: readonly (Transition & { readonly indicator: Indicator })[]
  /** All that is bad now. */
  readonly bad: readonly Bad[]
}

/** What was bad when it was last known. */
export interface Remembered {
  readonly id: string
  /** Epoch ms. */
  readonly since: number
}

export class Watch {
  readonly history = new History()
  private readonly indicators: readonly Indicator[]
  private readonly standings = new Map<string, Standing>()
  private readonly bad = new Map<string, Bad>()
  private readonly beganAt: number

  /** `remembered`: what was bad is bad until it is seen to be well; a process that begins anew ends no incident. */
  constructor(indicators: readonly Indicator[], remembered: readonly Remembered[], now: number) {
    this.indicators = indicators.filter(({ alarm }) => alarm !== null)
    this.beganAt = now
    for (const indicator of this.indicators) {
      const before = remembered.find(({ id }) => id === indicator.id)
      if (before === undefined) continue
      this.standings.set(indicator.id, { state: 'bad', since: now, turningSince: null, seenAt: null })
      this.bad.set(indicator.id, { indicator, since: before.since, value: null, labels: {} })
    }
  }

  take(scrape: Scrape): void {
    this.history.add(scrape)
  }

  judge(now: number): Judged {
    const transitions: (Transition & { indicator: Indicator })[] = []
    for (const indicator of this.indicators) {
      const before = this.standings.get(indicator.id) ?? atFirst(this.beganAt)
      const measured = measure(this.history, indicator, now)
      const thresholds = { ...indicator.alarm!, bad: indicator.bad }
      const { standing, transition } = evaluate(before, thresholds, measured, now)
      this.standings.set(indicator.id, standing)
      if (transition !== null) {
        transitions.push({ ...transition, indicator })
        if (transition.to !== 'bad') this.bad.delete(indicator.id)
      }
      if (standing.state !== 'bad') continue
      const since = transition?.since ?? this.bad.get(indicator.id)!.since
      const { value, labels } = measured.value === null ? (this.bad.get(indicator.id) ?? measured) : measured
      this.bad.set(indicator.id, { indicator, since, value, labels })
    }
    return { transitions, bad: [...this.bad.values()] }
  }

  /** What is known of one indicator. */
  standing(id: string): Standing | null {
    return this.standings.get(id) ?? null
  }
}
