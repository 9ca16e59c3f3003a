// A database of one's own on a server that others use at the same time: one a test suite.

import { randomBytes } from 'node:crypto'
import { createConnection } from 'mysql2/promise'

/** Binary, without padding, best first: MariaDB's name and MySQL's. */
const COLLATIONS = ['utf8mb4_nopad_bin', 'utf8mb4_0900_bin', 'utf8mb4_bin']

export interface ScratchDatabase {
  /** The same server and user, the new database. */
  readonly url: string
  /** Removes the database with all that is in it. May be called twice. */
  drop(): Promise<void>
}

/** The user of `url` must be allowed to make databases named `levee_…`. */
export async function createScratchDatabase(url: string): Promise<ScratchDatabase> {
  const name = `levee_scratch_${process.pid}_${randomBytes(6).toString('hex')}`
  await onServer(url, async run => {
    const known = await run(`SELECT COLLATION_NAME AS name FROM information_schema.COLLATIONS
      WHERE COLLATION_NAME IN (${COLLATIONS.map(collation => `'${collation}'`).join()})`)
    // MariaDB lists some collations without their character set.
    const names = new Set(known.map(row => row.name))
    const collation = COLLATIONS.find(candidate => names.has(candidate)) ?? COLLATIONS.at(-1)!
    await run(`CREATE DATABASE ${name} CHARACTER SET utf8mb4 COLLATE ${collation}`)
  })
  const scratchUrl = new URL(url)
  scratchUrl.pathname = `/${name}`
  return {
    url: scratchUrl.href,
    drop: () => onServer(url, async run => void (await run(`DROP DATABASE IF EXISTS ${name}`))),
  }
}

type Run = (sql: string) => Promise<{ name?: string }[]>

async function onServer(url: string, work: (run: Run) => Promise<void>): Promise<void> {
  const connection = await createConnection({ uri: url })
  try {
    await work(async sql => {
      const [rows] = await connection.query(sql)
      return Array.isArray(rows) ? (rows as { name?: string }[]) : []
    })
  } finally {
    await connection.end()
  }
}
