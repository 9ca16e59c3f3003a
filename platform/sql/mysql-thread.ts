// What the thread of `lane-thread.ts` runs for MariaDB and MySQL: a connection a lane, texts as they come.

import { workerData } from 'node:worker_threads'
import type { MysqlOptions } from './mysql-connection.ts'
import { MysqlConnection } from './mysql-lane.ts'
import { serveLanes } from './serve-lanes.ts'

const connections = new Map<string, MysqlConnection>()

serveLanes<string>(
  (lane, text) => {
    let connection = connections.get(lane)
    if (connection === undefined) {
      connection = new MysqlConnection(lane, workerData as MysqlOptions)
      connections.set(lane, connection)
    }
    return connection.write(text)
  },
  async () => {
    await Promise.all([...connections.values()].map(connection => connection.close()))
  },
)
