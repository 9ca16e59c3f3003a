// All SQL of the mail queue.

import { invariant } from '../../platform/contract/result.ts'
import { trouble } from '../../platform/sql/errors.ts'
import { CONFLICT_RETRIES, type Dialect, type Lane, type Ledger, type Tx } from '../../platform/sql/ledger.ts'
import { Mutex } from '../../platform/sql/mutex.ts'
import { insertInto, selectByKey } from '../../platform/sql/statements.ts'
import { PRIORITIES } from './mail-rules.ts'
import type { MailRow, NotificationTables } from './tables.ts'

const COLUMNS = [
  'mail_id',
  'recipient',
  'template',
  'data',
  'priority',
  'state',
  'attempts',
  'next_at',
  'cause',
  'created_at',
] as const satisfies readonly (keyof MailRow)[]

const insertMails = insertInto('mails', COLUMNS, { state: 'queued', attempts: 0, cause: null })
const mailsThere = selectByKey({ columns: 'mail_id', from: 'mails', key: 'mail_id', lock: false })

/** Mails in one transaction: a few hundred bytes each. So many are written in a thread, with one commit. */
const CHUNK = 1_000

/** Puts mails into the queue, many at a time, each once by its id. */
export class MailQueue {
  private readonly lane: Lane
  /** A lane runs one transaction at a time; callers are the relay's few batches and single letters. */
  private readonly turn = new Mutex()

  constructor(ledger: Ledger) {
    this.lane = ledger.lane('notification.queue')
  }

  /** Those that are there already are left alone. In chunks: after an error some may be in, which a repeat finds. */
  async add(mails: readonly MailRow[]): Promise<void> {
    const rows = [...new Map(mails.map(mail => [mail.mail_id, mail])).values()]
    for (let at = 0; at < rows.length; at += CHUNK) await this.addChunk(rows.slice(at, at + CHUNK))
  }

  private async addChunk(rows: readonly MailRow[]): Promise<void> {
    const release = await this.turn.acquire()
    try {
      for (let attempt = 0; ; attempt++) {
        try {
          // Nearly always all are new: one round trip. Else those that are there are left out.
          if (attempt === 0) await this.lane.attempt([], [insertMails(rows.map(values))])
          else
            await this.lane.transact([mailsThere(rows.map(row => row.mail_id))], ([there = []]) => {
              const known = new Set(there.map(row => row.mail_id))
              return [insertMails(rows.filter(row => !known.has(row.mail_id)).map(values))]
            })
          return
        } catch (error) {
          if (trouble(error) !== 'conflict' || attempt >= CONFLICT_RETRIES) throw error
        }
      }
    } finally {
      release()
    }
  }
}

const values = (row: MailRow) => COLUMNS.map(column => row[column])

/**
 * Takes mails that are due, at most `limit`, those that somebody waits for first, each until `leasedUntil`:
 * compare-and-set, so that of several processes one gets it. `attempts` of what is returned counts this one.
 */
export async function takeDueMails(
  ledger: Ledger,
  now: number,
  limit: number,
  leasedUntil: number,
): Promise<MailRow[]> {
  const due: MailRow[] = []
  for (const priority of PRIORITIES) {
    if (due.length >= limit) break
    const rows = await ledger
      .reads<NotificationTables>()
      .selectFrom('mails')
      .selectAll()
      .where('state', '=', 'queued')
      .where('priority', '=', priority)
      .where('next_at', '<=', now)
      .orderBy('next_at')
      .limit(limit - due.length)
      .execute()
    due.push(...rows)
  }
  if (due.length === 0) return []
  // In one order, so that two processes that take the same ones wait and do not deadlock.
  const inOrder = [...due].sort((a, b) => (a.mail_id < b.mail_id ? -1 : 1))
  const won = await ledger.write<NotificationTables, Set<string>>(async tx => {
    const taken = new Set<string>()
    for (const mail of inOrder) {
      const { numUpdatedRows } = await tx
        .updateTable('mails')
        .set({ next_at: leasedUntil, attempts: mail.attempts + 1 })
        .where('mail_id', '=', mail.mail_id)
        .where('state', '=', 'queued')
        .where('next_at', '=', mail.next_at)
        .where('attempts', '=', mail.attempts)
        .executeTakeFirst()
      if (numUpdatedRows === 1n) taken.add(mail.mail_id)
    }
    return taken
  })
  return due
    .filter(mail => won.has(mail.mail_id))
    .map(mail => ({ ...mail, attempts: mail.attempts + 1, next_at: leasedUntil }))
}

type Outcome = Pick<MailRow, 'mail_id' | 'attempts' | 'state' | 'next_at' | 'cause' | 'data'>

/** Notes what became of attempts; a mail that somebody else has tried since is theirs to note. */
export async function noteOutcomes(ledger: Ledger, outcomes: readonly Outcome[]): Promise<void> {
  const inOrder = [...outcomes].sort((a, b) => (a.mail_id < b.mail_id ? -1 : 1))
  await ledger.write<NotificationTables, void>(async tx => {
    for (const { mail_id, attempts, ...fields } of inOrder) {
      await tx
        .updateTable('mails')
        .set(fields)
        .where('mail_id', '=', mail_id)
        .where('state', '=', 'queued')
        .where('attempts', '=', attempts)
        .execute()
    }
  })
}

/** One page of a state, newest first: after `cursor`, at most `limit`. The two priorities are read and merged. */
export async function mailsInState(
  ledger: Ledger,
  state: string,
  limit: number,
  cursor: { nextAt: number; mailId: string } | null,
): Promise<MailRow[]> {
  const pages = await Promise.all(
    PRIORITIES.map(priority => {
      let query = ledger
        .reads<NotificationTables>()
        .selectFrom('mails')
        .selectAll()
        .where('state', '=', state)
        .where('priority', '=', priority)
        .orderBy('next_at', 'desc')
        .orderBy('mail_id', 'desc')
        .limit(limit)
      if (cursor !== null) {
        const { nextAt, mailId } = cursor
        query = query.where(e =>
          e.or([e('next_at', '<', nextAt), e.and([e('next_at', '=', nextAt), e('mail_id', '<', mailId)])]),
        )
      }
      return query.execute()
    }),
  )
  return pages
    .flat()
    .sort((a, b) => b.next_at - a.next_at || (a.mail_id < b.mail_id ? 1 : -1))
    .slice(0, limit)
}

/**
 * Ends at most `limit` mails whose time in `state` is before `before`: deletes them, or gives up those that are
 * still queued (due for so long, they were never reached).
 */
export async function endOldMails(
  ledger: Ledger,
  state: 'queued' | 'sent' | 'failed',
  before: number,
  limit: number,
  now: number,
): Promise<number> {
  let ended = 0
  for (const priority of PRIORITIES) {
    const old = await ledger
      .reads<NotificationTables>()
      .selectFrom('mails')
      .select('mail_id')
      .where('state', '=', state)
      .where('priority', '=', priority)
      .where('next_at', '<', before)
      .orderBy('next_at')
      .limit(limit - ended)
      .execute()
    if (old.length === 0) continue
    const ids = old.map(row => row.mail_id)
    ended += await ledger.write<NotificationTables, number>(async tx => {
      if (state === 'queued') {
        const { numUpdatedRows } = await tx
          .updateTable('mails')
          .set({ state: 'failed', next_at: now, cause: 'too old' })
          .where('mail_id', 'in', ids)
          .where('state', '=', state)
          .executeTakeFirst()
        return Number(numUpdatedRows)
      }
      const { numDeletedRows } = await tx
        .deleteFrom('mails')
        .where('mail_id', 'in', ids)
        .where('state', '=', state)
        .executeTakeFirst()
      return Number(numDeletedRows)
    })
    if (ended >= limit) break
  }
  return ended
}

export function lockMail(
  tx: Tx<NotificationTables>,
  dialect: Dialect,
  mailId: string,
): Promise<MailRow | undefined> {
  const query = tx.selectFrom('mails').selectAll().where('mail_id', '=', mailId)
  return (dialect === 'mysql' ? query.forUpdate() : query).executeTakeFirst()
}

/** `mail` is locked. */
export async function requeue(tx: Tx<NotificationTables>, mail: MailRow, now: number): Promise<MailRow> {
  const fields = { state: 'queued', attempts: 0, next_at: now, cause: null }
  const { numUpdatedRows } = await tx
    .updateTable('mails')
    .set(fields)
    .where('mail_id', '=', mail.mail_id)
    .executeTakeFirst()
  invariant(numUpdatedRows === 1n, `mail ${mail.mail_id} was locked and is gone`)
  return { ...mail, ...fields }
}
