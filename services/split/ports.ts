// Ports for services that are started again on the same one. Not from the range out of which systems take the near ends
// of outgoing connections (32768 and up on Linux): such a connection could sit on the port of a service that is down.

import { createServer } from 'node:net'

const FIRST = 20_000
const COUNT = 12_000
const TRIES = 200

/**
 * So many different free ports on `host`, none of them one that is spoken for: free it is all the same, until whoever it is
 * kept for starts. Another program may still take one first; then its service says so.
 */
export async function freePorts(
  host: string,
  count: number,
  spokenFor: readonly number[] = [],
): Promise<number[]> {
  const found = new Set<number>()
  for (let tries = 0; found.size < count && tries < TRIES + count; tries++) {
    const port = FIRST + Math.floor(Math.random() * COUNT)
    if (!found.has(port) && !spokenFor.includes(port) && (await isFree(host, port))) found.add(port)
  }
  if (found.size < count) throw new Error(`no ${count} free ports from ${FIRST} to ${FIRST + COUNT}`)
  return [...found]
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, host, () => server.close(() => resolve(true)))
  })
}
