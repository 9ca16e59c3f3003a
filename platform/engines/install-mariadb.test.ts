import { expect, test } from 'vitest'
import { EngineMissing, ensureMariadb, type Installer } from './install-mariadb.ts'

/** A machine on which installing puts the programs there from the given attempt on (0: never). */
function machine(options: { present?: boolean; apt?: boolean; isRoot?: boolean; worksAt?: number }) {
  const ran: string[] = []
  let present = options.present ?? false
  let attempts = 0
  const installer: Installer = {
    find: name => ((name === 'apt-get' ? options.apt : present) ? `/usr/bin/${name}` : null),
    isRoot: options.isRoot ?? true,
    async run(program, args) {
      ran.push(`${program} ${args[0]}`)
      if (args[0] !== 'install') return 0
      attempts++
      present = attempts === options.worksAt
      return present ? 0 : 100
    },
  }
  return { installer, ran }
}

test('what is there is used, and nothing is run', async () => {
  const { installer, ran } = machine({ present: true, apt: true })
  expect(await ensureMariadb(undefined, installer)).toEqual({
    server: '/usr/bin/mariadbd',
    initialiser: '/usr/bin/mariadb-install-db',
  })
  expect(ran).toEqual([])
})

test('root installs the package, after a word', async () => {
  const said: string[] = []
  const { installer, ran } = machine({ apt: true, worksAt: 1 })
  await ensureMariadb(line => said.push(line), installer)
  expect(ran).toEqual(['/usr/bin/apt-get install'])
  expect(said).toHaveLength(1)
})

test('an old package list is fetched anew, once', async () => {
  const { installer, ran } = machine({ apt: true, worksAt: 2 })
  await ensureMariadb(undefined, installer)
  expect(ran).toEqual(['/usr/bin/apt-get install', '/usr/bin/apt-get update', '/usr/bin/apt-get install'])
})

test.each([
  ['not root', { apt: true, isRoot: false }],
  ['no apt', { apt: false }],
  ['a package that does not install', { apt: true, worksAt: 0 }],
])('%s: says what to install and which variable names a server', async (_case, options) => {
  const attempt = ensureMariadb(undefined, machine(options).installer)
  await expect(attempt).rejects.toThrow(EngineMissing)
  await expect(attempt).rejects.toThrow(/mariadb-server.*LEVEE_MYSQL_URL/)
})
