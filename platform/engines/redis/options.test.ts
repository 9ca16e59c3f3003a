import { expect, test } from 'vitest'
import { configuration, redisUrl } from './options.ts'

const passwords = { levee: 'aa', admin: 'bb' }
const lines = (options = {}): string[] => configuration('/f', 6399, passwords, options).trimEnd().split('\n')

test('only this machine can connect, and only with the password', () => {
  expect(lines()).toEqual(expect.arrayContaining(['bind 127.0.0.1', 'port 6399', 'requirepass aa']))
  expect(redisUrl(6399, passwords)).toBe('redis://default:aa@127.0.0.1:6399')
})

test('a full Redis refuses: nothing is evicted', () => {
  expect(lines({ maxMemory: 8 })).toEqual(
    expect.arrayContaining(['maxmemory 8mb', 'maxmemory-policy noeviction']),
  )
})

test('it comes back empty, unless it is to stay', () => {
  expect(lines()).toEqual(expect.arrayContaining(['save ""', 'appendonly no']))
  expect(lines({ persist: true })).toContain('appendonly yes')
})

test('what is added wins by standing last', () => {
  expect(lines({ extra: ['maxmemory 9mb'] }).at(-1)).toBe('maxmemory 9mb')
})
