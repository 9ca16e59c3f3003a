import { expect, test } from 'vitest'
import { administratorUrl, DEFAULTS, initSql, ledgerUrl, serverOptions } from './options.ts'

const settings = { ...DEFAULTS, folder: '/f', port: 3999, extra: ['--server-id=2'] }
const passwords = { levee: 'aa', admin: 'bb' }

test('no configuration of the machine is read, and only this machine can connect', () => {
  const options = serverOptions(settings, false)
  expect(options[0]).toBe('--no-defaults')
  expect(options).toContain('--bind-address=127.0.0.1')
  expect(options).toContain('--tmpdir=/f/tmp')
  expect(options).not.toContain('--user=root')
  expect(serverOptions(settings, true)).toContain('--user=root')
})

test('a commit is durable, and what is added wins by standing last', () => {
  const options = serverOptions(settings, false)
  expect(options).toContain('--innodb-flush-log-at-trx-commit=1')
  expect(options.at(-1)).toBe('--server-id=2')
})

test('every statement of the init file stands on one line, as the server wants it', () => {
  const lines = initSql(passwords).trimEnd().split('\n')
  for (const line of lines) expect(line).toMatch(/^[A-Z].*;$/)
})

test('URLs name user, password, port and database', () => {
  expect(ledgerUrl(3999, passwords)).toBe('mysql://levee:aa@127.0.0.1:3999/levee')
  expect(administratorUrl(3999, passwords)).toBe('mysql://levee_admin:bb@127.0.0.1:3999/levee')
})
