// Makes room in a Redis that is short of memory: removes what can be read from the ledger again, and nothing else.
// Permits of coupons, payment locks and the marks of ended sessions stay, and so does whatever is not ours.

import type { Log } from '../log/log.ts'
import { derivedOf } from './keys.ts'
import { fullness, memoryOf, sumOf } from './memory.ts'
import { type Redis, script } from './redis.ts'

/** Pause between looks, ms, shortened by up to half at random: processes look at different times. */
const LOOK_EVERY_MS = 5_000
/** Least pause after a run, ms: what was freed takes a moment to show, and what fills it again comes faster than it helps. */
const PAUSE_MS = 3_000
/** Longest pause after runs that found nothing to remove, ms: somebody else fills it, and looking costs it time. */
const PAUSE_MOST_MS = 60_000
/** Keys looked at in one step: Redis needs some 0.5 ms for it, and serves others in between. */
const STEP_KEYS = 500
/** Steps of one run: 100,000 keys, 100 ms of Redis's time. The next run goes on where it ended. */
const STEPS_MOST = 200
/** Steps between two looks at the memory. */
const STEPS_A_LOOK = 5
/** Made free below the limit, percent: less would be full again within seconds. */
const MARGIN = 10

/** KEYS; ARGV of each: removed where less life than that is left, ms. Answers how many were. */
const REMOVE = script(
  `
local removed = 0
for i, key in ipairs(KEYS) do
  if redis.call('PTTL', key) < tonumber(ARGV[i]) then removed = removed + redis.call('UNLINK', key) end
end
return removed`,
  { perKey: 1 },
)

export interface TrimOptions {
  readonly redis: Redis
  readonly prefix: string
  /** Percent of what Redis may use, on its fullest server; above it there is a run. Without a limit of Redis's own: never. */
  readonly memoryMost: number
  readonly log: Log
}

export class Trim {
  private readonly options: TrimOptions
  private cursor = '0'
  /** First what has less than half of its life left, then all. */
  private pass: 'old' | 'all' = 'old'
  private pause = PAUSE_MS
  private earliest = Number.NEGATIVE_INFINITY
  private told = false
  private timer: NodeJS.Timeout | null = null
  private running: Promise<void> | null = null
  private closed = false

  constructor(options: TrimOptions) {
    this.options = options
    this.plan()
  }

  /** A write was refused: perhaps for want of memory. */
  refused(): void {
    if (this.running === null && !this.closed && performance.now() >= this.earliest) this.begin()
  }

  async close(): Promise<void> {
    this.closed = true
    if (this.timer !== null) clearTimeout(this.timer)
    await this.running
  }

  private plan(): void {
    const look = (): void => {
      this.plan()
      if (this.options.redis.up) this.refused()
    }
    this.timer = setTimeout(look, LOOK_EVERY_MS * (1 - Math.random() / 2))
    this.timer.unref()
  }

  private begin(): void {
    // Away, or not allowed: the connection says so, and there is nothing to do.
    const run = this.run().catch(() => undefined)
    this.running = run.finally(() => {
      this.running = null
    })
  }

  private async run(): Promise<void> {
    const { redis, memoryMost, log } = this.options
    const before = await memoryOf(redis)
    if (fullness(before) <= memoryMost) {
      this.told = false
      this.pause = PAUSE_MS
      return
    }
    this.earliest = Number.POSITIVE_INFINITY
    let removed = 0
    try {
      removed = await this.remove()
    } finally {
      this.pause = removed > 0 ? PAUSE_MS : Math.min(PAUSE_MOST_MS, this.pause * 2)
      this.earliest = performance.now() + this.pause
    }
    const after = sumOf(await memoryOf(redis))
    const freed = Math.max(0, sumOf(before).used - after.used)
    if (removed > 0)
      log.warn({ removed, freed, ...after }, 'Redis is short of memory: cached data was removed')
    else if (!this.told)
      log.warn({ ...after }, 'Redis is short of memory, and nothing in it is ours to remove')
    this.told = removed === 0
  }

  private async remove(): Promise<number> {
    const { redis, memoryMost } = this.options
    let removed = 0
    for (let step = 1; step <= STEPS_MOST && !this.closed; step++) {
      removed += await this.step()
      if (this.cursor === '0') {
        this.pass = this.pass === 'old' ? 'all' : 'old'
        // It has looked at everything twice.
        if (this.pass === 'old') break
      } else if (step % STEPS_A_LOOK !== 0) continue
      if (removed === 0 || fullness(await memoryOf(redis)) > memoryMost - MARGIN) continue
      this.cursor = '0'
      this.pass = 'old'
      break
    }
    return removed
  }

  private async step(): Promise<number> {
    const { redis, prefix } = this.options
    const [cursor, found] = await redis.command<[string, string[]]>(
      ...['SCAN', this.cursor, 'MATCH', `${prefix}:*`, 'COUNT', STEP_KEYS],
    )
    this.cursor = cursor
    const keys: string[] = []
    const lives: number[] = []
    for (const key of found) {
      const family = derivedOf(prefix, key)
      if (family === null) continue
      keys.push(key)
      lives.push(this.pass === 'old' ? family.ttl / 2 : Number.MAX_SAFE_INTEGER)
    }
    return keys.length === 0 ? 0 : redis.run<number>(REMOVE, keys, lives)
  }
}
