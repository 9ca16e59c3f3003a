// What MariaDB counts itself: how often somebody waited for a row, wrote to the disk, was asked something.

import { createConnection } from 'mysql2/promise'

const VARIABLES = {
  Innodb_row_lock_waits: 'lockWaits',
  /** ms */
  Innodb_row_lock_time: 'lockTime',
  Innodb_os_log_written: 'redo',
  Com_commit: 'commits',
  Questions: 'statements',
  Innodb_deadlocks: 'deadlocks',
} as const

export type Counters = Record<(typeof VARIABLES)[keyof typeof VARIABLES], number>

/** Since the server's start, of all its databases. */
export async function readCounters(adminUrl: string): Promise<Counters> {
  const connection = await createConnection({ uri: adminUrl })
  try {
    const names = Object.keys(VARIABLES).map(name => `'${name}'`)
    const [rows] = await connection.query(`SHOW GLOBAL STATUS WHERE Variable_name IN (${names})`)
    const values = new Map(
      (rows as { Variable_name: string; Value: string }[]).map(row => [row.Variable_name, Number(row.Value)]),
    )
    const entries = Object.entries(VARIABLES).map(([name, key]) => [key, values.get(name) ?? Number.NaN])
    return Object.fromEntries(entries) as Counters
  } finally {
    await connection.end()
  }
}

/** Between two readings, for each of `count` successes; deadlocks in all. */
export function perSuccess(before: Counters, after: Counters, count: number): Counters {
  const entries = Object.entries(after).map(([key, value]) => {
    const more = value - before[key as keyof Counters]
    return [key, key === 'deadlocks' ? more : more / count]
  })
  return Object.fromEntries(entries) as Counters
}

export function toldCounters({
  lockWaits,
  lockTime,
  commits,
  statements,
  redo,
  deadlocks,
}: Counters): string {
  return (
    `each: ${lockWaits.toFixed(3)} lock waits of ${lockTime.toFixed(1)} ms in all, ${commits.toFixed(3)} commits, ` +
    `${statements.toFixed(2)} statements, ${redo.toFixed(0)} bytes of redo log; ${deadlocks} deadlocks`
  )
}
