import { expect, test } from 'vitest'
import { fakeMachine } from '../../../tests/support/fake-machine.ts'
import { EngineMissing } from '../engine-missing.ts'
import { ensureMariadb } from './install.ts'

const quiet = (): void => {}
const packages = { 'mariadb-server': ['mariadbd', 'mariadb-install-db'] }

test('what is there is used, and nothing is run', async () => {
  const machine = fakeMachine({ programs: ['mariadbd', 'mariadb-install-db', 'apt-get'] })
  expect(await ensureMariadb(quiet, machine)).toEqual({
    server: '/usr/bin/mariadbd',
    initialiser: '/usr/bin/mariadb-install-db',
  })
  expect(machine.ran).toEqual([])
})

test('root installs the package, after a word', async () => {
  const said: string[] = []
  const machine = fakeMachine({ programs: ['apt-get'], packages })
  await ensureMariadb(line => said.push(line), machine)
  expect(machine.ran).toEqual(['apt-get install mariadb-server'])
  expect(said).toHaveLength(1)
})

test('an old package list is fetched anew, once', async () => {
  const machine = fakeMachine({ programs: ['apt-get'], packages, oldList: true })
  await ensureMariadb(quiet, machine)
  expect(machine.ran).toEqual([
    'apt-get install mariadb-server',
    'apt-get update',
    'apt-get install mariadb-server',
  ])
})

test.each([
  ['not root', { programs: ['apt-get'], packages, isRoot: false }],
  ['no apt', { packages }],
  ['a package that does not install', { programs: ['apt-get'] }],
])('%s: says what to install and which variable names a server', async (_case, options) => {
  const attempt = ensureMariadb(quiet, fakeMachine(options))
  await expect(attempt).rejects.toThrow(EngineMissing)
  await expect(attempt).rejects.toThrow(/mariadb-server.*LEVEE_MYSQL_URL/)
})
