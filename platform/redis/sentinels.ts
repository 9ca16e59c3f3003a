// The primary as its sentinels name it. They are asked in turn until the one they name takes us: a sentinel that was cut
// off still names the old one.

import { authOf, type Node, type RedisAddress, textOf, urlOf } from './address.ts'
import { ask } from './ask.ts'
import type { Where } from './where.ts'

export function bySentinels(address: RedisAddress): Where {
  const { path: name } = address
  /** Who gave an answer last is asked first: one that is dead costs its wait once. */
  let sentinels = [...address.nodes]

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
      const named = new Set<string>()
      const unknown = new Error(`no sentinel knows a primary of the name ${name}`)
      let why: Error = Object.assign(unknown, { code: 'ENOTFOUND' })
      for (const sentinel of [...sentinels]) {
        let primary: Node | null
        try {
          primary = await primaryOf(sentinel)
        } catch (error) {
          why = error as Error
          continue
        }
        if (primary === null) continue
        sentinels = [sentinel, ...sentinels.filter(each => each !== sentinel)]
        const url = urlOf(address, primary)
        if (named.has(url)) continue
        named.add(url)
        yield url
      }
      if (named.size === 0) throw why
    },
  }
}
