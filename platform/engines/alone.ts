// One process at a time at something that lies in a folder, by a lock file with the holder's id in it.

import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { commandLine } from './processes.ts'
import { waitFor } from './wait-for.ts'

/**
 * Does the work once nobody else holds the lock; that of a dead process counts for nothing.
 * @throws Error when it is still held after `patience` ms
 */
export async function alone<T>(lock: string, patience: number, work: () => Promise<T>): Promise<T> {
  if (!(await waitFor(() => take(lock), patience)))
    throw new Error(`process ${holderOf(lock)} is at work here too; ${lock} says so`)
  try {
    return await work()
  } finally {
    rmSync(lock, { force: true })
  }
}

function take(lock: string): boolean {
  const own = `${lock}.${process.pid}`
  writeFileSync(own, String(process.pid), { mode: 0o600 })
  try {
    // A link, because it is there with its content or not at all.
    linkSync(own, lock)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    const holder = holderOf(lock)
    if (holder !== null && commandLine(holder) === null) rmSync(lock, { force: true })
    return false
  } finally {
    rmSync(own, { force: true })
  }
}

/** Null: let go just now. */
function holderOf(lock: string): number | null {
  try {
    return Number(readFileSync(lock, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
