import { setTimeout as pause } from 'node:timers/promises'

/** Pause between two looks, ms: far below what a person notices, far above what a look costs. */
const LOOK_EVERY_MS = 30

/** Looks until the condition holds or the time (ms) is over; says whether it held. */
export async function waitFor(
  condition: () => boolean | Promise<boolean>,
  timeout: number,
): Promise<boolean> {
  const deadline = performance.now() + timeout
  while (!(await condition())) {
    if (performance.now() >= deadline) return false
    await pause(LOOK_EVERY_MS)
  }
  return true
}
