// The shop in this process, never opened: its doors do their work, and nothing goes by itself: no relay, no groups, no
// sweeps. What it accepts and commits lies there until somebody else takes it: a backlog as it is after an outage.

import { loadConfig } from '../../platform/config/load-config.ts'
import { createLog } from '../../platform/log/log.ts'
import { createShop, type Shop } from '../../services/all.ts'
import type { BenchShop } from './bench-shop.ts'

export type Doors = Shop['doors']

/** As many at once as a load has connections. */
const AT_ONCE = 512
/** Pieces of work that may fail before it is given up, a part of all: one time-out of Kafka fails all under way. */
const FAILURES_PART = 0.5

/** On the ledger and the engines of this shop, whose own process stands still meanwhile, as one that hangs does. */
export async function whileItHangs<T>(shop: BenchShop, work: (doors: Doors) => Promise<T>): Promise<T> {
  const { env, folder } = shop.place
  const closed = await createShop(
    loadConfig({ env, folder }),
    createLog({ level: 'error', name: 'levee-closed', to: 'stderr' }),
    'bench',
  )
  process.kill(shop.running.pid, 'SIGSTOP')
  try {
    return await work(closed.doors)
  } finally {
    // Before the other goes on: it leaves nothing of its own behind.
    await closed.stop().finally(() => process.kill(shop.running.pid, 'SIGCONT'))
  }
}

/** Does `work` for each number below `count`, many at once. One that fails is done again, at the end of all. */
export async function manyAtOnce(count: number, work: (number: number) => Promise<void>): Promise<void> {
  const left = Array.from({ length: count }, (_, i) => count - 1 - i)
  let failures = 0
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let number = left.pop(); number !== undefined; number = left.pop()) {
        try {
          await work(number)
        } catch (error) {
          if (++failures > count * FAILURES_PART) throw error
          left.unshift(number)
        }
      }
    }),
  )
}
