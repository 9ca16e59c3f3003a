// A process that runs seeds as it is told, one after the other: what they need to know of each other's time there is none.

import './virtual-globals.ts'
import { crashPoints } from './crash-points.ts'
import type { Order, Ran } from './simulate.ts'

// Only now: all of the shop is to find the virtual world.
const { runSeed } = await import('./run-seed.ts')
const { planted } = await import('./planted.ts')

process.on('message', async ({ seeds, bug, harsh, whole }: Order) => {
  for (const seed of seeds) {
    const before = process.cpuUsage()
    const result = await runSeed(seed, bug === null ? {} : planted[bug]!.swaps(), crashPoints, harsh)
    const history = whole || result.violations.length > 0 ? result.history : []
    const ran: Ran = { ...result, history, cpu: process.cpuUsage(before).user / 1_000 }
    process.send!(ran)
  }
  process.send!(null)
})
