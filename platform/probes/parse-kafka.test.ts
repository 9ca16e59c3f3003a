import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addressFrom, addressText } from './kafka-links.ts'
import { healthOf, lagOf, partitionsOf, skewOf, totalLag, trendOf } from './parse-kafka.ts'

test('addresses, of version 6 too', () => {
  expect(addressFrom('a.example:9092')).toEqual({ host: 'a.example', port: 9092 })
  expect(addressFrom('[::1]:9092')).toEqual({ host: '::1', port: 9092 })
  expect(addressText({ host: 'a', port: 1 })).toBe('a:1')
})

describe('partitions', () => {
  const described = (leaderId: number, replicaNodes: number[], isrNodes: number[]) => ({
    ...{ name: 't', errorCode: 0 },
    partitions: [{ partitionIndex: 0, leaderId, replicaNodes, isrNodes }],
  })
  const counts = (leader: number, replicas: number[], inSync: number[], least?: number) => {
    const known = new Map(least === undefined ? [] : [['t', least] as const])
    const health = healthOf(partitionsOf([described(leader, replicas, inSync)], known))
    return [health.underReplicated, health.underMinInSync, health.offline, health.notPreferred].map(
      each => each.length,
    )
  }
  test.each([
    ['whole', [0, 0, 0, 0], counts(1, [1, 2, 3], [1, 2, 3], 2)],
    ['one follower behind', [1, 0, 0, 0], counts(1, [1, 2, 3], [1, 3], 2)],
    ['too few in sync', [1, 1, 0, 0], counts(1, [1, 2, 3], [1], 2)],
    ['too few in sync, where the least is not known', [1, 0, 0, 0], counts(1, [1, 2, 3], [1])],
    ['nobody leads', [1, 1, 1, 0], counts(-1, [1, 2, 3], [], 2)],
    ['led by a stand-in', [0, 0, 0, 1], counts(2, [1, 2], [1, 2], 2)],
  ])('%s', (_case, expected, found) => {
    expect(found).toEqual(expected)
  })
})

describe('lag', () => {
  test('counts what is still there', () => {
    expect(lagOf(4, 0, 10)).toBe(6)
    expect(lagOf(null, 3, 10)).toBe(7)
    // Records that were deleted before anybody read them are no lag.
    expect(lagOf(2, 5, 10)).toBe(5)
    // A log that was made anew.
    expect(lagOf(12, 0, 10)).toBe(0)
    expect(lagOf(4, 0, null)).toBeNull()
    expect(totalLag([{ lag: 1 }, { lag: 2 }])).toBe(3)
    expect(totalLag([{ lag: 1 }, { lag: null }])).toBeNull()
  })

  test('skew is between 1 and the count of partitions', () => {
    expect(skewOf([])).toBeNull()
    expect(skewOf([0, 0])).toBeNull()
    expect(skewOf([4, 4])).toBe(1)
    fc.assert(
      fc.property(fc.array(fc.nat(1_000), { minLength: 1 }), amounts => {
        const skew = skewOf(amounts)
        if (skew === null) return
        expect(skew).toBeGreaterThanOrEqual(1 - 1e-9)
        expect(skew).toBeLessThanOrEqual(amounts.length + 1e-9)
      }),
    )
  })
})

describe('trend', () => {
  const sample = (at: number, committed: number | null, end: number | null, lag: number | null) => ({
    at,
    partitions: [{ topic: 't', partition: 0, committed, end, lag }],
  })
  test.each([
    ['drains', sample(0, 0, 100, 100), sample(2_000, 60, 120, 60), [10, 30, 3_000]],
    ['grows', sample(0, 0, 100, 100), sample(1_000, 10, 150, 140), [50, 10, null]],
    ['stands', sample(0, 0, 100, 100), sample(1_000, 0, 100, 100), [0, 0, null]],
    ['is done', sample(0, 0, 100, 100), sample(1_000, 100, 100, 0), [0, 100, 0]],
    ['had committed nothing', sample(0, null, 100, 100), sample(1_000, 50, 100, 50), [0, 50, 1_000]],
  ])('%s', (_case, before, after, [appended, handled, drain]) => {
    expect(trendOf(before, after)).toEqual({ appended, handled, drain })
  })

  test('nothing is said where nothing can be compared', () => {
    expect(trendOf(sample(5, 0, 1, 1), sample(5, 0, 1, 1))).toBeNull()
    expect(trendOf(sample(0, 0, null, null), sample(1, 0, 1, 1))).toBeNull()
    expect(trendOf(sample(0, 0, 100, 100), sample(1, 0, 10, 10))).toBeNull()
    expect(trendOf({ at: 0, partitions: [] }, sample(1, 0, 10, 10))).toBeNull()
  })
})
