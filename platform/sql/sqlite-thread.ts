// What the thread of `lane-thread.ts` runs for SQLite: a connection of its own to the same file.

import { workerData } from 'node:worker_threads'
import { serveLanes } from './serve-lanes.ts'
import { openSqlite, type Run, SqliteBatches } from './sqlite-connection.ts'

const database = openSqlite(workerData as string)
const batches = new SqliteBatches(database)

serveLanes<readonly Run[]>(
  (_lane, runs) => batches.transact(() => runs),
  async () => database.close(),
)
