// What a ledger holds, table by table, as a test compares it: nothing changed means every row is the same.

import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import { expect, vi } from 'vitest'
import type { Ledger } from '../../platform/sql/ledger.ts'
import { openLedger } from '../../platform/sql/open-ledger.ts'
import type { ShopPlace } from './shop.ts'

/** Tables that change while nothing is asked of the shop, or that count what was asked: each with its reason. */
const BOOKKEEPING: Readonly<Record<string, string>> = {
  outbox_shards: 'a relay renews its lease all the time',
  ledger_pulse: 'every process feels it once a second',
  ladder_standings: 'every process says again and again where it stands',
  account_attempts:
    'attempts to sign in and letters asked for are counted, refused or not: that is their limit',
}
/** Columns that move without anybody's success. */
const MOVING: Readonly<Record<string, string>> = {
  last_seen_at: 'a session was used, whatever it asked for',
}

/** Work that the shop still has to do of itself, by what it is. */
const UNDER_WAY: Readonly<Record<string, string>> = {
  events: 'outbox',
  letters: 'account_letters',
  mails: "mails WHERE state = 'queued'",
  sagas: 'order_sagas',
  orders: "orders WHERE state = 'reserving'",
  refunds: "order_refunds WHERE state = 'pending'",
}
const QUIET = Object.fromEntries(Object.keys(UNDER_WAY).map(name => [name, 0]))

/** Rows that count, where not all do. */
const ROWS: Readonly<Record<string, string>> = {
  // What a test made expire (long ago) is swept at a time of the shop's own.
  sessions: 'WHERE expires_at > 1000000000000',
  // Rankings built earlier are swept away bit by bit.
  bestseller_days: 'WHERE generation IN (SELECT generation FROM bestseller_state)',
}

const LOCK_WAIT_MS = 2_000

/** By table: rows, and a hash over all of them. */
export type Fingerprint = Readonly<Record<string, string>>

export class LedgerWatch {
  readonly ledger: Ledger

  private constructor(ledger: Ledger) {
    this.ledger = ledger
  }

  /** The ledger of a running shop, seen from the test's own process. */
  static async open({ env }: ShopPlace): Promise<LedgerWatch> {
    const url = env.LEVEE_MYSQL_URL ?? ''
    return new LedgerWatch(
      await openLedger({ url, dataFolder: env.LEVEE_DATA_FOLDER!, poolSize: 2, lockWait: LOCK_WAIT_MS }),
    )
  }

  async rows(query: string): Promise<Record<string, unknown>[]> {
    const { rows } = await sql.raw<Record<string, unknown>>(query).execute(this.ledger.reads())
    return rows
  }

  async fingerprint(): Promise<Fingerprint> {
    const prints: Record<string, string> = {}
    for (const table of await this.tables()) {
      const rows = (await this.rows(`SELECT * FROM ${table} ${ROWS[table] ?? ''}`)).map(textOf).sort()
      prints[table] = `${rows.length} rows, ${createHash('sha256').update(rows.join('\n')).digest('hex')}`
    }
    return prints
  }

  /** The fingerprint once events, letters, mails and sagas that are under way have come to rest. */
  async atRest(): Promise<Fingerprint> {
    await vi.waitFor(async () => expect(await this.underWay()).toEqual(QUIET), {
      timeout: 20_000,
      interval: 20,
    })
    return this.fingerprint()
  }

  private async underWay(): Promise<Record<string, number>> {
    const counts = await Promise.all(
      Object.keys(UNDER_WAY).map(async name => {
        const [row] = await this.rows(`SELECT COUNT(*) AS n FROM ${UNDER_WAY[name]}`)
        return [name, Number(row?.n)] as const
      }),
    )
    return Object.fromEntries(counts)
  }

  close(): Promise<void> {
    return this.ledger.close()
  }

  private async tables(): Promise<string[]> {
    const rows = await this.rows(
      this.ledger.dialect === 'sqlite'
        ? "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        : 'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE()',
    )
    return rows
      .map(row => String(row.name))
      .filter(name => !(name in BOOKKEEPING))
      .sort()
  }
}

const textOf = (row: Record<string, unknown>): string =>
  JSON.stringify(Object.entries(row).filter(([name]) => !(name in MOVING)))
