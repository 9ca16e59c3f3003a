// The pulse at a server that reads and does not write: it says so, and what it has begun there does not pile up.

import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SampleKind } from '../../resilience/detector.ts'
import { ledgerUrls } from '../../tests/support/engines.ts'
import { type RunningMariadb, startMariadb } from '../engines/start-mariadb.ts'
import { Pulse } from './mysql-pulse.ts'

/** As a server has it that nobody told anything, s. */
const SERVERS_LOCK_WAIT = 50
const BEATS = 6
/** One that waits, one that has just ended, and one to spare. */
const UNDER_WAY_MOST = 3

describe.skipIf(ledgerUrls().length < 2)('the pulse', () => {
  let server: RunningMariadb
  let admin: Connection
  beforeAll(async () => {
    server = await startMariadb({
      lockWait: SERVERS_LOCK_WAIT,
      extra: ['--innodb-flush-method=nosync'],
    })
    admin = await createConnection(server.adminUrl)
    await admin.query('CREATE TABLE ledger_pulse (id INT NOT NULL PRIMARY KEY, at BIGINT NOT NULL)')
    await admin.query('INSERT INTO ledger_pulse VALUES (1, 0)')
  })
  afterAll(async () => {
    await admin?.end()
    await server?.stop()
  })

  it('tells of writes that hang, and takes up no more connections for as long as they do', async () => {
    const kinds: SampleKind[] = []
    const pulse = new Pulse({ url: server.url, poolSize: 1, lockWait: 2_000, note: kind => kinds.push(kind) })
    await pulse.beat()
    expect(kinds).toEqual(['wrote'])
    // As the first beat does whose commit hangs, under a binary log on a full disk.
    const holder = await createConnection(server.adminUrl)
    await holder.query('BEGIN')
    await holder.query('SELECT at FROM ledger_pulse FOR UPDATE')
    for (let beat = 0; beat < BEATS; beat++) await expect(pulse.beat()).rejects.toThrow()
    expect(kinds.slice(1)).toEqual(Array.from({ length: BEATS }, () => 'stuck'))
    const underWay = async (): Promise<number> => {
      const [rows] = await admin.query<RowDataPacket[]>(
        "SELECT COUNT(*) AS here FROM information_schema.processlist WHERE info LIKE 'UPDATE ledger_pulse%'",
      )
      return (rows[0] as { here: number }).here
    }
    await expect.poll(underWay).toBeLessThanOrEqual(UNDER_WAY_MOST)
    await holder.query('ROLLBACK')
    await holder.end()
    await expect.poll(() => pulse.beat().then(() => kinds.at(-1))).toBe('wrote')
    pulse.close()
  })
})
