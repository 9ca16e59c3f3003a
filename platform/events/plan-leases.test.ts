import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SHARDS } from '../sql/platform-tables.ts'
import { planLeases, type ShardRow } from './plan-leases.ts'

const LEASE = 100

function fresh(): ShardRow[] {
  return Array.from({ length: SHARDS }, (_, shard) => ({ shard, owner: '', fence: 0, leased_until: 0 }))
}

/** What the ledger holds after `me` has looked at `now`. */
function apply(rows: readonly ShardRow[], me: string, now: number): ShardRow[] {
  const { keep, take } = planLeases(rows, me, now)
  return rows.map(row => {
    if (keep.includes(row)) return { ...row, leased_until: now + LEASE }
    return take.includes(row) ? { ...row, owner: me, fence: row.fence + 1, leased_until: now + LEASE } : row
  })
}

function shares(rows: readonly ShardRow[], now: number): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { owner, leased_until } of rows)
    if (leased_until > now) counts.set(owner, (counts.get(owner) ?? 0) + 1)
  return counts
}

describe('leases', () => {
  it('gives all shards to a relay alone, and each change of hands a new fence', () => {
    const alone = apply(fresh(), 'a', 0)
    expect(alone.every(row => row.owner === 'a' && row.fence === 1)).toBe(true)
    expect(apply(alone, 'a', 50)).toEqual(alone.map(row => ({ ...row, leased_until: 150 })))
  })

  it('lets a lapsed lease go on under the same fence where nobody took it', () => {
    const lapsed = apply(apply(fresh(), 'a', 0), 'a', 1_000)
    expect(lapsed.every(row => row.fence === 1 && row.leased_until === 1_100)).toBe(true)
  })

  it('comes to rest with fair shares, whoever comes and goes', () => {
    const fleet = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'), { minLength: 1 })
    fc.assert(
      fc.property(fc.array(fleet, { minLength: 1, maxLength: 4 }), fleets => {
        let rows = fresh()
        let now = 0
        for (const relays of fleets) {
          // Long enough for the leases of those who went to end.
          for (let round = 0; round < 8; round++, now += LEASE / 4)
            for (const relay of relays) rows = apply(rows, relay, now)
          const counts = shares(rows, now)
          for (const relay of relays) {
            expect(counts.get(relay) ?? 0).toBeGreaterThanOrEqual(Math.floor(SHARDS / relays.length))
            expect(counts.get(relay) ?? 0).toBeLessThanOrEqual(Math.ceil(SHARDS / relays.length) + 1)
          }
          expect([...counts.values()].reduce((a, b) => a + b)).toBe(SHARDS)
          // At rest: nothing changes hands any more.
          for (const relay of relays) expect(planLeases(rows, relay, now).take).toEqual([])
        }
      }),
    )
  })
})
