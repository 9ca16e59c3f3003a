// Copies SQLite's log into its file beside the writing, which would otherwise do it inside of a COMMIT, for 50 ms and
// more at a time. Passive: it waits for nobody and holds up nobody.

import { workerData } from 'node:worker_threads'
import { serveLanes } from './serve-lanes.ts'
import { openSqlite } from './sqlite-connection.ts'

const database = openSqlite(workerData as string)

serveLanes<null>(
  () => database.exec('PRAGMA wal_checkpoint(PASSIVE)'),
  async () => database.close(),
)
