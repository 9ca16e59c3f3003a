// Where incidents are handed in to be told. What happens to one becomes a change of its state and, where that says so, a telling in the
// queue; both in the caller's transaction, with whatever else the caller writes of it. So a process that is killed has told of exactly
// what it knows.

import type { SmallStore } from '../../platform/store/small-store.ts'
import type { Level } from '../level.ts'
import { announce } from './announce.ts'
import type { ContactBook } from './contacts.ts'
import { type Case, casesToLookAt, findCase, saveCase, silencesFrom, type Words } from './desk-store.ts'
import {
  acknowledged,
  changed,
  closed,
  dueAt,
  ESCALATION,
  type EscalationLimits,
  healed,
  helpless,
  judged,
  type Move,
  opened,
  relapsed,
  type Saying,
  tick,
} from './escalation.ts'
import type { Area } from './message.ts'
import { onCall, type Recipient } from './on-call.ts'
import type { ChannelName, Family, RouteSettings } from './routes.ts'
import { silenceOver } from './silences.ts'

export interface DeskPlaces {
  readonly store: SmallStore
  readonly book: () => ContactBook
  readonly routes: RouteSettings
  readonly configured: ReadonlySet<ChannelName>
  readonly limits?: EscalationLimits
  /** Who was told of what, for the time line; nobody, where no channel reaches anybody. Within the transaction. */
  readonly onTold?: (key: string, saying: Saying, recipients: readonly Recipient[]) => void
}

export interface NewCase {
  /** Of this one incident: one that opens again later has another. */
  readonly key: string
  readonly area: Area
  readonly family: Family | null
  readonly words: Words
}

/** Each call within a transaction of the store; times are epoch ms. An unknown key is a mistake of the caller's, and throws. */
export class AlertDesk {
  private readonly places: DeskPlaces
  private readonly limits: EscalationLimits

  constructor(places: DeskPlaces) {
    this.places = places
    this.limits = places.limits ?? ESCALATION
  }

  /** The second time it says what changed. */
  open(found: NewCase, level: Level, now: number): void {
    const before = findCase(this.places.store, found.key)
    if (before !== null) {
      if (before.state.over) throw new Error(`${found.key} is over: what opens anew has a key of its own`)
      this.judge(found.key, level, now)
      return
    }
    const move = opened(level, now, this.isQuiet(found, level, now))
    this.apply({ ...found, state: move.state, tellings: 0 }, move, now)
  }

  /** `about`: what is known of it from now on; absent: what was known before. */
  judge(key: string, level: Level, now: number, about: Partial<Omit<NewCase, 'key'>> = {}): void {
    const found = { ...this.must(key), ...about }
    this.apply(found, judged(found.state, level, now, this.isQuiet(found, level, now)), now)
  }

  /** Its words are others now. Nothing is told where they are the same. */
  change(key: string, words: Words, now: number): void {
    const found = this.must(key)
    if (JSON.stringify(words) === JSON.stringify(found.words)) return
    const quiet = this.isQuiet(found, found.state.level, now)
    const move = quiet ? { state: found.state, says: [] } : changed(found.state, now)
    this.apply({ ...found, words }, move, now)
  }

  /** What was tried did not help; its words say what that was. */
  helpless(key: string, words: Words, now: number): void {
    const found = this.must(key)
    this.apply({ ...found, words }, helpless(found.state, now), now)
  }

  acknowledge(key: string, now: number): void {
    const found = this.must(key)
    this.apply(found, acknowledged(found.state, now), now)
  }

  heal(key: string, now: number): void {
    const found = this.must(key)
    this.apply(found, healed(found.state, now), now)
  }

  relapse(key: string, now: number): void {
    const found = this.must(key)
    this.apply(found, relapsed(found.state, now), now)
  }

  close(key: string, now: number): void {
    const found = this.must(key)
    this.apply(found, closed(found.state, now), now)
  }

  /** What time does to all of them. To be called about once a second. */
  tick(now: number): void {
    for (const found of casesToLookAt(this.places.store, now)) {
      const { state, area } = found
      const people = onCall(this.places.book(), area, now).length
      const quiet = this.isQuiet(found, state.level, now)
      const move = tick(state, now, people, quiet, this.limits)
      if (move.state !== state) this.apply(found, move, now)
    }
  }

  find(key: string): Case | null {
    return findCase(this.places.store, key)
  }

  private must(key: string): Case {
    const found = findCase(this.places.store, key)
    if (found === null) throw new Error(`no incident ${key}`)
    return found
  }

  private isQuiet({ key, area, family }: NewCase, level: Level, now: number): boolean {
    const silences = silencesFrom(this.places.store, now)
    return silenceOver({ key, level, area, family }, silences, now) !== null
  }

  private apply(found: Case, { state, says }: Move, now: number): void {
    const { store, book, routes, configured, onTold } = this.places
    let { tellings } = found
    for (const saying of says) {
      tellings++
      const { key, area, family, words } = found
      const { kind, level, step } = saying
      // Numbered within the incident: the same telling has the same id, whoever makes it again.
      const message = { ...words, key, area, kind, level, id: `${key}/${tellings}`, at: now }
      const places = { store, book: book(), routes, configured }
      onTold?.(key, saying, announce(places, message, family, step, now))
    }
    saveCase(store, { ...found, state, tellings }, dueAt(state, this.limits))
  }
}
