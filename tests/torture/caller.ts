// How a client asks: with one key per intended action, again with the same key while it is not known what became of it.

import type { Result } from '../../platform/contract/result.ts'
import type { Reply } from '../../platform/http/client.ts'
import { HttpError } from '../../platform/http/http-error.ts'
import { saysLater } from '../../platform/http/retry.ts'
import type { Fields } from '../../services/check/history.ts'
import type { Doors } from './doors.ts'
import type { Recorder, Said } from './recorder.ts'
import type { RunClock } from './run-clock.ts'

/** What a client waits for one answer, ms: of a hanging process the next one is asked. */
const DEADLINE_MS = 4_000
/** How long a "not now" is asked again, ms; what is unknown is looked up until the run is over. */
const LATER_MOST_MS = 15_000
/** Pauses between two attempts, ms: they double. */
const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 1_000

/** Answers that say: it is not known. The same key tells later. */
const UNKNOWN: ReadonlySet<string> = new Set(['outcome_unknown', 'deadline_exceeded', 'internal_error'])

export interface CallOptions {
  readonly idempotencyKey: string
  readonly deadlineMs: number
}

export interface Intent<T> {
  readonly op: string
  /** Unlike any other of this run; of a writing operation its key. */
  readonly action: string
  readonly input: Fields
  /** Which process is asked first. */
  readonly process: number
  call(doors: Doors, options: CallOptions): Promise<Reply<T>>
  /** What of an answer goes into the history. Default: all. */
  keep?(value: T): Fields
  /** Of an answer that is ok, and yet says that the outcome is not known. */
  isUnknown?(value: T): boolean
}

export class Caller {
  /** As the history has it. */
  readonly client: string
  readonly doors: readonly Doors[]
  private readonly recorder: Recorder
  private readonly clock: RunClock

  constructor(client: string, doors: readonly Doors[], recorder: Recorder, clock: RunClock) {
    this.client = client
    this.doors = doors
    this.recorder = recorder
    this.clock = clock
  }

  /** Null: the run ended first, and nobody knows. */
  async ask<T>(intent: Intent<T>): Promise<Result<T> | null> {
    const begun = performance.now()
    let wasUnknown = false
    for (let attempt = 0; ; attempt++) {
      const at = (intent.process + attempt) % this.doors.length
      const { known, later, result } = await this.attempt(intent, at)
      wasUnknown ||= !known
      if (known && !later) return result
      const patient = wasUnknown || performance.now() - begun < LATER_MOST_MS
      if (!patient || this.clock.isOver) return known ? result : null
      const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt)
      await this.clock.wait(pause * (0.5 + Math.random() / 2))
    }
  }

  private async attempt<T>(intent: Intent<T>, at: number): Promise<Answered<T>> {
    const { op, action, input } = intent
    const end = this.recorder.invoke({ client: this.client, process: `shop-${at}`, op, action, input })
    const told = (answered: Answered<T>, outcome: Said) => {
      end(outcome)
      return answered
    }
    const unknown = (code: string): Answered<T> =>
      told({ known: false, later: true, result: null }, { result: 'unknown', code })
    try {
      const reply = await intent.call(this.doors[at]!, { idempotencyKey: action, deadlineMs: DEADLINE_MS })
      if (reply.ok) {
        if (intent.isUnknown?.(reply.value)) return unknown('said_unknown')
        const value = intent.keep?.(reply.value) ?? (reply.value as Fields)
        return told({ known: true, later: false, result: reply }, { result: 'ok', value })
      }
      const { code } = reply.refusal
      if (UNKNOWN.has(code)) return unknown(code)
      const later = saysLater(reply.status, reply.refusal)
      return told(
        { known: true, later, result: reply },
        { result: 'refused', code, ...(later ? { later } : {}) },
      )
    } catch (error) {
      if (!(error instanceof HttpError)) throw error
      return unknown(error.trouble)
    }
  }
}

interface Answered<T> {
  readonly known: boolean
  /** The same may be answered in another way in a moment. */
  readonly later: boolean
  readonly result: Result<T> | null
}
