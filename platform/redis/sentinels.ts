// The primary as its sentinels name it. All are asked at once, so that one that is dead costs nothing, and who answers first
// is believed first; the one it names may not take us, since a sentinel that was cut off still names the old one.

import { authOf, type Node, type RedisAddress, textOf, urlOf } from './address.ts'
import { ask } from './ask.ts'
import type { Where } from './where.ts'

export function bySentinels(address: RedisAddress): Where {
  const { path: name } = address
  /** Null: this one knows of no primary of that name. */
  async function primaryOf(sentinel: Node): Promise<Node | null> {
    const reply = await ask({
      url: `redis://${textOf(sentinel)}`,
      ca: undefined,
      auth: authOf(address),
      command: ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name],
    })
    if (!Array.isArray(reply)) return null
    const [host, port] = reply as readonly unknown[]
    return { host: String(host), port: Number(port) }
  }

  return {
    address,
    async *candidates() {
      const unknown = new Error(`no sentinel knows a primary of the name ${name}`)
      let why: Error = Object.assign(unknown, { code: 'ENOTFOUND' })
      const named = new Set<string>()
      // Each ends within its time, whether it is waited for or not.
      const answers = new Map(
        address.nodes.map((sentinel, of) => [
          of,
          primaryOf(sentinel).then(
            primary => ({ of, primary, error: null }),
            (error: Error) => ({ of, primary: null, error }),
          ),
        ]),
      )
      while (answers.size > 0) {
        const { of, primary, error } = await Promise.race(answers.values())
        answers.delete(of)
        why = error ?? why
        const url = primary === null ? '' : urlOf(address, primary)
        if (primary === null || named.has(url)) continue
        named.add(url)
        yield url
      }
      if (named.size === 0) throw why
    },
  }
}
