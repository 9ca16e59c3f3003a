import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  counterOf,
  groupPath,
  parseDiskstats,
  parseLoad,
  parseMeminfo,
  parseNetDev,
  parseProcessStat,
  parseStat,
  quotaOf,
} from './parse-proc.ts'

test('/proc/stat: guests are in user already, waiting for disks is idle', () => {
  const text = 'cpu  100 20 30 400 50 6 7 8 9 0\ncpu0 1 2 3\ncpu1 1 2 3\nintr 5\nbtime 1700000000\n'
  expect(parseStat(text)).toEqual({ cpu: { busy: 1.71, total: 6.21, processors: 2 }, boot: 1_700_000_000 })
  expect(() => parseStat('nothing')).toThrow()
})

test('/proc/meminfo', () => {
  const text = 'MemTotal:        2048 kB\nMemFree:   1 kB\nMemAvailable:    1024 kB\n'
  expect(parseMeminfo(text)).toEqual({ total: 2_097_152, available: 1_048_576 })
  expect(() => parseMeminfo('MemTotal: 1 kB')).toThrow('MemAvailable')
})

test('/proc/diskstats: whole disks only, none that lie in memory', () => {
  const text = [
    '   7       0 loop0 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1',
    ' 254       0 vda 10 0 200 5 20 0 400 9 0 1500 14 0 0 0 0 0 0',
    ' 254       1 vda1 10 0 200 5 20 0 400 9 0 1500 14 0 0 0 0 0 0',
    '',
  ].join('\n')
  const vda = { device: 'vda', read: 102_400, written: 204_800, busy: 1.5 }
  expect(parseDiskstats(text, new Set(['vda', 'loop0']))).toEqual([vda])
  expect(parseDiskstats(text, null)).toHaveLength(2)
  expect(parseDiskstats('', null)).toEqual([])
})

test('/proc/net/dev: without the way to ourselves', () => {
  const text = [
    'Inter-|   Receive                        |  Transmit',
    ' face |bytes packets errs drop fifo frame compressed multicast|bytes packets errs drop fifo colls carrier compressed',
    '    lo: 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9',
    '  eth0:1000 10 1 2 0 0 0 0 2000 20 3 4 0 0 0 0',
    '',
  ].join('\n')
  expect(parseNetDev(text)).toEqual([{ device: 'eth0', received: 1000, sent: 2000, errors: 4, dropped: 6 }])
})

test('load, groups and their limits', () => {
  expect(parseLoad('0.52 0.58 0.59 1/467 12345\n')).toEqual([0.52, 0.58, 0.59])
  expect(parseLoad('')).toBeNull()
  expect(groupPath('4:memory:/other\n0::/system.slice/shop.service\n')).toBe('/system.slice/shop.service')
  expect(groupPath('4:memory:/other\n')).toBeNull()
  expect(quotaOf('150000 100000\n')).toBe(1.5)
  expect(quotaOf('max 100000\n')).toBeNull()
  expect(quotaOf('')).toBeNull()
  expect(counterOf('usage_usec 12\nuser_usec 5\n', 'user_usec')).toBe(5)
  expect(counterOf('usage_usec 12\n', 'user_usec')).toBeNull()
})

test('/proc/PID/stat: the name may hold anything', () => {
  const rest = 'T 1 2 2 0 -1 4194304 1 0 0 0 150 50 0 0 20 0 7 0 12345 1000 250 1 1'
  fc.assert(
    fc.property(fc.string({ maxLength: 15 }), name => {
      const { started, ...stat } = parseProcessStat(`42 (${name}) ${rest}\n`)
      expect(stat).toEqual({ name, state: 'T', parent: 1, cpu: 2, threads: 7 })
      expect(started).toBe(123.45)
    }),
  )
  expect(() => parseProcessStat('')).toThrow()
})
