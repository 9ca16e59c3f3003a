// Who relays which shard. Pure: the rows of `outbox_shards` in, what to keep and what to take out.

import { SHARDS } from '../sql/platform-tables.ts'

export interface ShardRow {
  readonly shard: number
  readonly owner: string
  readonly fence: number
  /** Epoch ms. */
  readonly leased_until: number
}

export interface LeasePlan {
  /** Still mine: the lease is renewed, the fence stays. */
  readonly keep: readonly ShardRow[]
  /** Mine from now on: the fence grows. */
  readonly take: readonly ShardRow[]
}

/**
 * Free shards (never leased, or not renewed in time) are taken up to a fair share, rounded up. Who still has
 * less than the fair share, rounded down, takes from whoever has most. There is no list of relays and none is
 * needed: a newcomer counts the others by their leases, and taking from a living owner is safe because of the
 * fence. It comes to rest: nobody is brought below the share by which the next one would take from him.
 */
export function planLeases(rows: readonly ShardRow[], me: string, now: number): LeasePlan {
  const keep = rows.filter(row => row.owner === me)
  const free = rows.filter(row => row.owner !== me && row.leased_until <= now)
  const others = Map.groupBy(
    rows.filter(row => row.owner !== me && row.leased_until > now),
    row => row.owner,
  )
  const relays = others.size + 1
  const take = free.slice(0, Math.max(0, Math.ceil(SHARDS / relays) - keep.length))
  const share = Math.floor(SHARDS / relays)
  while (keep.length + take.length < share) {
    const richest = [...others.values()].reduce((a, b) => (b.length > a.length ? b : a))
    if (richest.length <= share) break
    take.push(richest.pop()!)
  }
  return { keep, take }
}
