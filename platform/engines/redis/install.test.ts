import { expect, test } from 'vitest'
import { fakeMachine } from '../../../tests/support/fake-machine.ts'
import { EngineMissing } from '../engine-missing.ts'
import { ensureRedis } from './install.ts'

const quiet = (): void => {}
const packages = { 'redis-server': ['redis-server'] }

test.each([
  [['redis-server'], '/usr/bin/redis-server'],
  [['valkey-server'], '/usr/bin/valkey-server'],
  [['valkey-server', 'redis-server'], '/usr/bin/redis-server'],
])('of %j %s is used, and nothing is run', async (programs, server) => {
  const machine = fakeMachine({ programs: [...programs, 'apt-get'], packages })
  expect(await ensureRedis(quiet, machine)).toEqual({ server })
  expect(machine.ran).toEqual([])
})

test('root installs the package, after a word', async () => {
  const said: string[] = []
  const machine = fakeMachine({ programs: ['apt-get'], packages })
  await ensureRedis(line => said.push(line), machine)
  expect(machine.ran).toEqual(['apt-get install redis-server'])
  expect(said).toHaveLength(1)
})

test.each([
  ['not root', { programs: ['apt-get'], packages, isRoot: false }],
  ['no apt', { packages }],
  ['a package that does not install', { programs: ['apt-get'] }],
])('%s: says what to install and which variable names a server', async (_case, options) => {
  const attempt = ensureRedis(quiet, fakeMachine(options))
  await expect(attempt).rejects.toThrow(EngineMissing)
  await expect(attempt).rejects.toThrow(/redis-server.*LEVEE_REDIS_URL/)
})
