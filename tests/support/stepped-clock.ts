// Not a library: loaded before a process of the shop (`--import`), so that its clock can be stepped as by a machine whose time
// is set. At SIGUSR2 it takes away the file that SHIFT_FILE names: by as many ms as it says the clock is ahead from then on.

import { readFileSync, rmSync } from 'node:fs'

const real = Date.now.bind(Date)
let ahead = 0

class SteppedDate extends Date {
  constructor(...parts: readonly unknown[]) {
    // Whoever says which moment is meant gets that one.
    super(...((parts.length === 0 ? [real() + ahead] : parts) as [number]))
  }
  static override now(): number {
    return real() + ahead
  }
}
globalThis.Date = SteppedDate as DateConstructor

process.on('SIGUSR2', () => {
  const file = process.env.SHIFT_FILE!
  ahead = Number(readFileSync(file, 'utf8'))
  rmSync(file)
  process.stdout.write(`its clock shows ${new Date().toISOString()}\n`)
})
