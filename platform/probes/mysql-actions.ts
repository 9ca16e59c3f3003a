// The few things that the operator does to MariaDB or MySQL. Each looks once more, inside of the call, whether what it is
// about is still so: between a reading and an action anything may have happened.

import { lockWaitStatement, type Party, parseLockWaits } from './lock-waits.ts'
import { binaryLogsOf, flavour } from './mysql-probe.ts'
import { type MysqlProbeOptions, MysqlSession } from './mysql-session.ts'
import { type KeepFrom, purgePlan } from './purge-plan.ts'

/**
 * InnoDB draws its picture of transactions anew only when nobody has looked for 0.1 s, seconds: whoever looked just
 * before would see what was then.
 */
const PICTURE_S = 0.15
/** Least idle time before a connection may be ended, seconds: above the age of the picture, so that who has slept for so long is still in the transaction that it shows. */
const IDLE_LEAST_S = 1
/** Longest check of one table, ms: it reads all of it. */
const CHECK_MS = 60_000
/** Longest purge, ms: it removes files. */
const PURGE_MS = 30_000

/** Why nothing was done is a sentence for people. */
export type Done<T> = ({ readonly done: true } & T) | { readonly done: false; readonly why: string }

/**
 * Ends a connection, if at this moment it is still in the transaction that was seen, asleep for `idle` seconds or more (1 at least),
 * and others wait for it. Its transaction is rolled back by the server.
 * @throws ProbeFailed when it could not be asked or ended
 */
export async function endIdleBlocker(
  options: MysqlProbeOptions,
  seen: Pick<Party, 'threadId' | 'transactionId' | 'transactionStarted'>,
  idle: number,
  signal: AbortSignal,
): Promise<Done<{ readonly ended: Party; readonly waiting: number }>> {
  const session = new MysqlSession(options)
  const least = Math.max(IDLE_LEAST_S, idle)
  try {
    return await session.run(signal, async ask => {
      const statement = lockWaitStatement(await flavour(ask), 'blocker')
      await ask(`DO SLEEP(${PICTURE_S})`)
      const waits = parseLockWaits(await ask(statement, [seen.threadId, seen.transactionId]))
      const blocker = waits[0]?.blocker
      if (blocker === undefined || blocker.transactionStarted !== seen.transactionStarted)
        return no(`connection ${seen.threadId} holds nobody up in that transaction any more`)
      if (blocker.idleSeconds === null)
        return no(`connection ${seen.threadId} is at work (${blocker.command ?? 'unknown'})`)
      if (blocker.idleSeconds < least)
        return no(`connection ${seen.threadId} is idle for ${blocker.idleSeconds} s only, not for ${least} s`)
      await ask('KILL CONNECTION ?', [seen.threadId])
      return { done: true, ended: blocker, waiting: waits.length }
    })
  } finally {
    session.close()
  }
}

export interface TableCheck {
  /** `database.table` */
  readonly table: string
  readonly ok: boolean
  /** What the server said, line by line. */
  readonly said: readonly string[]
}

/**
 * Reads through tables and their indexes for damage. A server that finds its own pages broken may end itself: on a
 * primary that sells, this is for after a crash, not for every day.
 * @throws ProbeFailed
 */
export async function checkTables(
  options: MysqlProbeOptions,
  tables: readonly { readonly database: string; readonly table: string }[],
  signal: AbortSignal,
): Promise<readonly TableCheck[]> {
  const session = new MysqlSession(options)
  const checks: TableCheck[] = []
  try {
    for (const { database, table } of tables) {
      const name = `${identifier(database)}.${identifier(table)}`
      const rows = await session.run(signal, ask => ask(`CHECK TABLE ${name}`), options.timeLimit ?? CHECK_MS)
      const said = rows.map(row => `${row.Msg_type}: ${row.Msg_text}`)
      checks.push({ table: `${database}.${table}`, ok: said.at(-1) === 'status: OK', said })
    }
    return checks
  } finally {
    session.close()
  }
}

/** Tables of one database, for `checkTables`. @throws ProbeFailed */
export async function tablesOf(
  options: MysqlProbeOptions,
  database: string,
  signal: AbortSignal,
): Promise<readonly { database: string; table: string }[]> {
  const session = new MysqlSession(options)
  try {
    const rows = await session.run(signal, ask =>
      ask(
        `SELECT table_name AS name FROM information_schema.tables
         WHERE table_schema = ? AND table_type = 'BASE TABLE' ORDER BY table_name`,
        [database],
      ),
    )
    return rows.map(({ name }) => ({ database, table: String(name) }))
  } finally {
    session.close()
  }
}

/**
 * Removes binary logs that nobody needs: those before the oldest one that a replica has still to apply or a backup
 * still to take. Refuses when a replica is connected, or expected, whose position was not given.
 * @param expected how many replicas there are; one that is away has no position, and nothing is removed
 * @throws ProbeFailed
 */
export async function purgeBinaryLogs(
  options: MysqlProbeOptions,
  keepFrom: readonly KeepFrom[],
  expected: number,
  signal: AbortSignal,
): Promise<Done<{ readonly removed: readonly string[]; readonly bytes: number }>> {
  const session = new MysqlSession(options)
  try {
    return await session.run(
      signal,
      async ask => {
        const logs = await binaryLogsOf(ask)
        if (logs === null) return no('it keeps no binary logs')
        const [dumps] = await ask(
          "SELECT COUNT(*) AS replicas FROM information_schema.processlist WHERE command LIKE 'Binlog Dump%'",
        )
        const plan = purgePlan({ logs, keepFrom, expected, connected: Number(dumps?.replicas) })
        if ('refused' in plan) return no(plan.refused)
        await ask('PURGE BINARY LOGS TO ?', [plan.to])
        const left = new Set((await binaryLogsOf(ask))?.map(({ name }) => name))
        const removed = logs.filter(({ name }) => !left.has(name))
        if (removed.length === 0) return no('the server itself still needs its oldest logs')
        return {
          done: true,
          removed: removed.map(({ name }) => name),
          bytes: removed.reduce((sum, { bytes }) => sum + bytes, 0),
        }
      },
      options.timeLimit ?? PURGE_MS,
    )
  } finally {
    session.close()
  }
}

const no = (why: string) => ({ done: false, why }) as const
const identifier = (name: string): string => `\`${name.replaceAll('`', '``')}\``
