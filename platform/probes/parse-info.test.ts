import { readFileSync } from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { infoFields, parseInfo } from './parse-info.ts'

const recorded = readFileSync(path.join(import.meta.dirname, 'recorded/redis-7.0-info.txt'), 'utf8')

test('the answer of a Redis 7.0, as it was recorded', () => {
  expect(parseInfo(recorded)).toEqual({
    version: '7.0.15',
    runId: '7655192358259ca079ce3b77d29da15c84ac1664',
    uptime: 0,
    role: 'primary',
    loading: false,
    clients: { connected: 1, most: 10_000, blocked: 0, rejected: 0 },
    memory: {
      used: 991_224,
      resident: 12_402_688,
      max: 268_435_456,
      ratio: 991_224 / 268_435_456,
      policy: 'noeviction',
      fragmentation: 12.87,
    },
    keys: { count: 1, evicted: 0, expired: 0, hits: 0, misses: 0 },
    commands: { total: 4, perSecond: 1 },
    persistence: {
      appendOnly: false,
      lastAppendOk: true,
      lastRewriteOk: true,
      lastSaveOk: true,
      changesSinceSave: 1,
    },
    replication: { replicas: 0, linkUp: null, offset: 0 },
  })
})

test('of a replica', () => {
  const { role, replication } = parseInfo(
    'role:slave\r\nmaster_link_status:down\r\nmaster_repl_offset:14\r\n',
  )
  expect(role).toBe('replica')
  expect(replication).toEqual({ replicas: null, linkUp: false, offset: 14 })
})

test('what is not there is unknown, never zero; without a limit there is no ratio', () => {
  const { memory, keys, loading, persistence } = parseInfo('used_memory:5\r\nmaxmemory:0\r\n')
  expect(memory).toEqual({ used: 5, resident: null, max: 0, ratio: null, policy: null, fragmentation: null })
  expect(keys).toMatchObject({ evicted: null, hits: null, misses: null })
  expect([loading, persistence.lastSaveOk]).toEqual([null, null])
  expect(parseInfo('used_memory:many\r\n').memory.used).toBeNull()
})

test('keys of all databases are counted', () => {
  expect(parseInfo('db0:keys=3,expires=1,avg_ttl=0\r\ndb12:keys=4,expires=0\r\ndbx:keys=9').keys.count).toBe(
    7,
  )
})

test('any fields are read back; no text at all breaks it', () => {
  const name = fc.stringMatching(/^[a-z_][a-z0-9_]*$/)
  const value = fc.string().filter(text => !/[\r\n]/.test(text))
  fc.assert(
    fc.property(fc.dictionary(name, value), fields => {
      const text = Object.entries(fields).map(([field, of]) => `${field}:${of}\r\n`)
      expect(Object.fromEntries(infoFields(`# Section\r\n${text.join('')}`))).toEqual({ ...fields })
    }),
  )
  fc.assert(
    fc.property(fc.string(), text => {
      expect(parseInfo(text).memory.ratio).toBeNull()
    }),
  )
})
