import { createConnection } from 'mysql2'

/** Longest wait for a server on this machine to answer, ms. */
const PING_TIMEOUT_MS = 1_000

/** Whether the server at this URL lets its user in and answers. */
export function ping(url: string): Promise<boolean> {
  return new Promise(resolve => {
    const connection = createConnection({ uri: url, connectTimeout: PING_TIMEOUT_MS })
    const answer = (reachable: boolean): void => {
      connection.destroy()
      resolve(reachable)
    }
    // Refused, unknown user, unknown database: each means that it cannot be used (yet).
    connection.on('error', () => answer(false))
    connection.query({ sql: 'SELECT 1', timeout: PING_TIMEOUT_MS }, error => answer(error === null))
  })
}
