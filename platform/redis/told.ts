// What processes tell each other by Redis: hints that something changed. One that is lost costs no more than the declared
// staleness of what it is about.

import { randomUUID } from 'node:crypto'
import { channelOf, type KeyFamily } from './keys.ts'
import type { Redis } from './redis.ts'

/** Tells all other processes; never rejects, and does not know who heard it. */
export type Tell = (ids: readonly string[]) => Promise<void>

/** Longest message, ids: an import's worth. More go in several. */
const IDS_MOST = 1_000

/** `heard`: told by another process, not by this one. */
export function openTold(
  redis: Redis,
  prefix: string,
  family: KeyFamily,
  heard: (ids: readonly string[]) => void,
): Tell {
  const channel = channelOf(prefix, family)
  const self = randomUUID()
  void redis.listen(channel, message => {
    const ids = read(message, self)
    if (ids.length > 0) heard(ids)
  })
  return async ids => {
    for (let i = 0; i < ids.length; i += IDS_MOST) {
      const message = JSON.stringify([self, ...ids.slice(i, i + IDS_MOST)])
      await redis.command('PUBLISH', channel, message).catch(() => undefined)
    }
  }
}

/** Nothing for our own words, and for what is none of ours. */
function read(message: string, self: string): string[] {
  try {
    const [from, ...ids] = JSON.parse(message) as unknown[]
    if (from === self) return []
    return ids.filter(id => typeof id === 'string')
  } catch {
    return []
  }
}
