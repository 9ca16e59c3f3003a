// A MariaDB for as long as this process lives.

import { mariadb } from './mariadb/mariadb.ts'
import type { MariadbOptions } from './mariadb/options.ts'
import { type Started, type StartOptions, startEngine } from './start-engine.ts'

export interface RunningMariadb extends Omit<Started, 'urls'> {
  /** `mysql://levee:…@127.0.0.1:port/levee`; this user may also make databases named `levee_…`. */
  readonly url: string
  /** The same server with every right: for grants, KILL, SET GLOBAL. */
  readonly adminUrl: string
}

/** @throws EngineMissing, or Error with the server's log. The server ends with this process, even after kill -9. */
export async function startMariadb(options: StartOptions & MariadbOptions = {}): Promise<RunningMariadb> {
  const { urls, ...running } = await startEngine(mariadb, options, options)
  return { ...running, url: urls.url, adminUrl: urls.adminUrl ?? urls.url }
}
