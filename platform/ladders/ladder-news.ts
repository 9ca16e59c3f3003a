// This process hears of pins, and says where it stands.

import type { Log } from '../log/log.ts'
import type { Clock } from '../module.ts'
import type { Ledger } from '../sql/ledger.ts'
import { readPins, writeStandings } from './ladder-store.ts'
import type { Ladders } from './ladders.ts'

/** Pause between looks for pins, ms: the longest until one reaches every process. */
const EVERY_MS = 1_000
/** Where it stands is said again so often, ms, moved or not; */
const SAY_EVERY_MS = 10_000
/** and what was not said again for so long is of a process that is gone, ms. */
const GONE_MS = 6 * SAY_EVERY_MS

export interface LadderNewsDeps {
  readonly ladders: Ladders
  readonly ledger: Ledger
  readonly clock: Clock
  readonly log: Log
  /** Of this process, unlike any other. */
  readonly process: string
  readonly service: string
}

export interface LadderNews {
  start(): void
  /** Says that this process stands nowhere any more. */
  stop(): Promise<void>
}

export function createLadderNews(deps: LadderNewsDeps): LadderNews {
  const { ladders, ledger, clock, log, process, service } = deps
  let timer: NodeJS.Timeout | null = null
  let working: Promise<void> = Promise.resolve()
  let stopped = false
  let said = ''
  let saidAt = Number.NEGATIVE_INFINITY

  async function turn(): Promise<void> {
    const now = clock()
    try {
      ladders.setPins(await readPins(ledger, now))
      const { status } = ladders
      const text = status.map(({ ladder, standing }) => `${ladder} ${standing}`).join()
      if (text === said && Math.abs(now - saidAt) < SAY_EVERY_MS) return
      await writeStandings(ledger, process, service, status, now, now - GONE_MS)
      said = text
      saidAt = now
    } catch (error) {
      // The ledger is away. Pins that are known go on until they end, and others are told later.
      log.debug({ err: error }, 'no news of ladders')
    }
  }

  function plan(): void {
    timer = setTimeout(() => {
      working = turn().then(() => {
        if (!stopped) plan()
      })
    }, EVERY_MS)
    timer.unref()
  }

  return {
    start() {
      if (timer === null) plan()
    },
    async stop() {
      stopped = true
      if (timer !== null) clearTimeout(timer)
      await working
      if (said !== '') await writeStandings(ledger, process, service, [], clock(), 0).catch(() => undefined)
    },
  }
}
