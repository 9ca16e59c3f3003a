import fc from 'fast-check'
import { expect, it, test } from 'vitest'
import { belongs, groupBySlot, slotOf, splitBySlot } from './slots.ts'
import { redirectOf, topologyOf } from './topology.ts'

test.each([
  // The check value of the CRC's definition, and Redis's own examples.
  ['123456789', 12_739],
  ['foo', 12_182],
  ['', 0],
  ['{user1000}.following', slotOf('user1000')],
  ['foo{}{bar}', slotOf('foo{}{bar}')],
  ['foo{{bar}}zap', slotOf('{bar')],
  ['foo{bar}{zap}', slotOf('bar')],
  ['foo{bar', slotOf('foo{bar')],
  ['ä€', slotOf('x{ä€}y')],
])('%s lies in slot %i', (key, slot) => expect(slotOf(key)).toBe(slot))

it('every key is in one group, in its order, with those of its slot only', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), keys => {
      const groups = groupBySlot(keys)
      expect([...groups.values()].flat().toSorted((a, b) => a - b)).toEqual(keys.map((_, at) => at))
      for (const [slot, places] of groups) {
        expect(places).toEqual(places.toSorted((a, b) => a - b))
        for (const at of places) expect(slotOf(keys[at]!)).toBe(slot)
      }
    }),
  )
})

it('arguments go with their keys', () => {
  const parts = splitBySlot(['{a}1', '{b}', '{a}2'], [1, 'x', 2, 'y', 3, 'z'], 2)
  expect(parts).toEqual([
    { keys: ['{a}1', '{a}2'], args: [1, 'x', 3, 'z'] },
    { keys: ['{b}'], args: [2, 'y'] },
  ])
})

test.each([
  [['GET', 'a'], { key: 'a' }],
  [['SET', 'a', 1, 'PX', 5], { key: 'a' }],
  [['MGET', 'a', 'b'], 'each'],
  [['MGET', 'a'], { key: 'a' }],
  [['unlink', 'a', 'b'], 'each'],
  [['EVALSHA', 'sha', '1', 'a', 'x'], { key: 'a' }],
  [['EVAL', 'return 1', 0], 'none'],
  [['MEMORY', 'USAGE', 'a'], { key: 'a' }],
  [['SCAN', '0', 'MATCH', 'a*'], 'none'],
  [['PUBLISH', 'a', 'b'], 'none'],
  [['TIME'], 'none'],
])('%j belongs to %j', (command, to) => expect(belongs(command)).toEqual(to))

const seed = { host: '10.0.0.9', port: 7 }

it('knows who has which slot, and where a node does not say who it is', () => {
  const node = (...more: string[]) => ['id', 'x', 'port', 1, ...more]
  const shards = [
    ['slots', [0, 1, 5, 6], 'nodes', [node('ip', 'b', 'role', 'replica'), node('ip', 'a', 'role', 'master')]],
    ['slots', [2, 4], 'nodes', [['tls-port', 3, 'port', 2, 'ip', '', 'endpoint', '?', 'role', 'master']]],
    ['slots', [], 'nodes', [node('ip', 'c', 'role', 'master')]],
  ]
  const { primaries, owners } = topologyOf(shards, seed, false)
  expect([...primaries.keys()]).toEqual(['a:1', '10.0.0.9:2'])
  expect(owners.slice(0, 8)).toEqual([
    ...['a:1', 'a:1', '10.0.0.9:2', '10.0.0.9:2', '10.0.0.9:2', 'a:1', 'a:1', null],
  ])
  expect([...topologyOf(shards, seed, true).primaries.keys()]).toContain('10.0.0.9:3')
  expect(topologyOf(null, seed, false).primaries.size).toBe(0)
})

it('reads where a slot has gone', () => {
  expect(redirectOf('MOVED 3999 127.0.0.1:6381', seed)).toEqual({
    ...{ kind: 'MOVED', slot: 3999, node: { host: '127.0.0.1', port: 6381 } },
  })
  expect(redirectOf('ASK 1 ::1:6381', seed)?.node).toEqual({ host: '::1', port: 6381 })
  expect(redirectOf('MOVED 1 :6381', seed)?.node).toEqual({ host: '10.0.0.9', port: 6381 })
  expect(redirectOf('WRONGTYPE Operation', seed)).toBeNull()
})
