// Dead letters: listed for operators, replayed in order when asked, and revived without being asked where not
// the event but its consumer was at fault.

import type { Log } from '../log/log.ts'
import type { Clock, Sweep } from '../module.ts'
import type { Ledger } from '../sql/ledger.ts'
import type { Consumer } from './consumer.ts'
import {
  causeOf,
  type DeadLetter,
  DOWN,
  hasLetters,
  keysDown,
  lettersOfKeys,
  readLetters,
  settleLetters,
} from './dead-letters-store.ts'
import type { DomainEvent } from './event.ts'
import { deliverIsolating } from './isolate.ts'

/** Letters handed over at once: a batch that holds the main thread for some milliseconds on SQLite. */
const REPLAY_BATCH = 256
/** Keys revived in one run of the sweep, and its pause, ms. */
const REVIVE_KEYS = 200
const REVIVE_EVERY_MS = 5_000
/** So many keys that failed by themselves, before any got through, say that the consumer is down. */
const REFUSALS = 3
/** How long letters of a consumer that is down are revived, ms; older ones wait for an operator. */
const REVIVE_FOR_MS = 86_400_000

export interface Replay {
  /** Letters whose effect is there now. */
  readonly replayed: number
  /** Letters of these keys that failed again. */
  readonly failed: number
}

export interface DeadLetters {
  /** Names of the consumers that letters can be replayed to. */
  readonly consumers: readonly string[]
  /** Letters with numbers above `after`, oldest first; of one consumer or (null) of all. */
  list(after: number, limit: number, consumer: string | null): Promise<readonly DeadLetter[]>
  /** Hands the letters of `key` to `consumer` again, in order, until none is left or one fails. */
  replay(consumer: string, key: string): Promise<Replay>
  /** Revives what was parked while its consumer took nothing. */
  readonly sweep: Sweep
}

export interface DeadLettersDeps {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly log: Log
  readonly consumers: readonly Consumer[]
}

export function createDeadLetters({ ledger, clock, log, consumers }: DeadLettersDeps): DeadLetters {
  const byName = new Map(consumers.map(consumer => [consumer.name, consumer]))

  /** Where the next run begins, by consumer: past keys that failed, so that a few bad ones hide no good ones. */
  const begin = new Map<string, number>()

  async function revive({ name }: Consumer, now: number): Promise<number> {
    const after = begin.get(name) ?? 0
    begin.delete(name)
    if (!(await hasLetters(ledger, name))) return 0
    const heads = await keysDown(ledger, name, now - REVIVE_FOR_MS, after, REVIVE_KEYS)
    if (heads.length === 0) return 0
    const keys = heads.map(head => head.key)
    const { replayed, failed } = await replayKeys(ledger, byName.get(name)!, keys, DOWN)
    if (replayed > 0) log.info({ consumer: name, replayed, failed }, 'dead letters revived')
    else begin.set(name, heads[Math.min(failed, heads.length) - 1]?.seq ?? after)
    return replayed
  }

  return {
    consumers: [...byName.keys()],
    list: (after, limit, consumer) => readLetters(ledger, after, limit, consumer),
    async replay(name, key) {
      const consumer = byName.get(name)
      if (consumer === undefined) return { replayed: 0, failed: 0 }
      let replayed = 0
      for (;;) {
        const batch = await replayKeys(ledger, consumer, [key])
        replayed += batch.replayed
        if (batch.failed > 0 || batch.replayed === 0) return { replayed, failed: batch.failed }
      }
    },
    sweep: {
      name: 'event.revive',
      every: REVIVE_EVERY_MS,
      bound: REPLAY_BATCH,
      async run() {
        let most = 0
        for (const consumer of consumers) most = Math.max(most, await revive(consumer, clock()))
        return most
      },
    },
  }
}

/**
 * One batch of these keys' letters. Whoever else replays or relays them at the same time does no harm: the
 * consumer's watermark lets each effect happen once, and letters that arrive meanwhile queue up behind.
 * `prefix` goes before the cause of what fails while nothing else got through.
 */
async function replayKeys(
  ledger: Ledger,
  consumer: Consumer,
  keys: readonly string[],
  prefix = '',
): Promise<Replay> {
  const rows = await lettersOfKeys(ledger, consumer.name, keys, REPLAY_BATCH)
  if (rows.length === 0) return { replayed: 0, failed: 0 }
  // A consumer that still takes nothing is not asked for every letter.
  let taken = false
  let refused = 0
  const deliveries = await deliverIsolating(
    rows.map(row => ({ key: row.event_key, row })),
    async letters => {
      try {
        await consumer.handle(letters.map(letter => eventOf(letter.row)))
        taken = true
      } catch (error) {
        if (letters.length === 1) refused++
        throw error
      }
    },
    () => refused >= REFUSALS && !taken,
  )
  const replayed = rows.filter((_, i) => deliveries[i] === 'done').map(row => row.seq)
  const failed: { seq: number; cause: string }[] = []
  for (const [i, delivery] of deliveries.entries()) {
    if (typeof delivery === 'string') continue
    // While others got through, it is this event that is at fault: from now on it waits for an operator.
    failed.push({ seq: rows[i]!.seq, cause: `${taken ? '' : prefix}${causeOf(delivery.error)}` })
  }
  await settleLetters(ledger, replayed, failed)
  return { replayed: replayed.length, failed: failed.length }
}

function eventOf(letter: DeadLetter): DomainEvent {
  const payload = JSON.parse(letter.payload) as DomainEvent['payload']
  return { type: letter.type, key: letter.event_key, version: letter.version, payload }
}
