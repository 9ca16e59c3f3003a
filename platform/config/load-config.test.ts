import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ConfigError, type ConfigSources, loadConfig } from './load-config.ts'
import { bool, oneOf } from './setting-types.ts'
import { type Setting, settings } from './settings.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'levee-config-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const load = (sources: ConfigSources) => loadConfig({ env: {}, folder, ...sources })
const write = (content: unknown, name = 'levee.config.json') => {
  const text = typeof content === 'string' ? content : JSON.stringify(content)
  writeFileSync(path.join(folder, name), text)
}
function problems(sources: ConfigSources): readonly string[] {
  try {
    load(sources)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

test('without sources every setting has its default, and nothing can change it', () => {
  const config = load({})
  expect(config['http.port']).toBe(8080)
  expect(config['ledger.url']).toBe('')
  expect(Object.keys(config)).toEqual(Object.keys(settings))
  expect(Object.isFrozen(config)).toBe(true)
})

test('the command line wins over the environment, that over the file, that over the default', () => {
  write({ http: { port: 1001, host: '0.0.0.0' }, 'http.bodyLimit': 2048 })
  const env = { LEVEE_HTTP_PORT: '1002', LEVEE_HTTP_BODY_LIMIT: '4096' }
  const config = load({ env, overrides: { 'http.port': '1003' } })
  expect(config['http.port']).toBe(1003)
  expect(config['http.bodyLimit']).toBe(4096)
  expect(config['http.host']).toBe('0.0.0.0')
})

test('a named file is read instead of the usual one', () => {
  write({ 'http.port': 1 })
  write({ 'http.port': 2 }, 'other.json')
  expect(load({ file: 'other.json' })['http.port']).toBe(2)
})

test('lists are separated by commas in the environment and are arrays in the file', () => {
  const env = { LEVEE_HTTP_TRUSTED_PROXIES: '10.0.0.0/8, ::1' }
  expect(load({ env })['http.trustedProxies']).toEqual(['10.0.0.0/8', '::1'])
  write({ 'http.trustedProxies': ['127.0.0.1'] })
  expect(load({})['http.trustedProxies']).toEqual(['127.0.0.1'])
})

test('all problems are named at once', () => {
  write({ http: { prot: 1 }, 'log.level': 'loud', 'ledger.poolSize': '16' })
  const env = { LEVEE_HTTP_PORT: '70000', LEVEE_COLOUR: 'blue', PATH: '/bin' }
  expect(problems({ env, overrides: { 'shop.currency': 'pounds', nonsense: 1 } })).toEqual([
    'http.prot (in the file) is no setting; did you mean http.port?',
    'log.level must be one of trace, debug, info, warn, error, fatal, silent, not "loud"',
    'ledger.poolSize must be an integer 1 to 500, not "16"',
    'LEVEE_HTTP_PORT must be an integer 0 to 65535, not 70000',
    'LEVEE_COLOUR (in the environment) is no setting',
    'shop.currency must be an ISO 4217 code, not "pounds"',
    'nonsense is no setting',
  ])
})

test.each(['', '1.5', '1e3', '0x10', ' 80', '99999999999999999999'])('%j is no port', text => {
  expect(problems({ env: { LEVEE_HTTP_PORT: text } })).toHaveLength(1)
})

test.each(['redis://h:hunter2@h/0', 'mysql:hunter2', 'mysql:///hunter2', 'hunter2:3306'])(
  '%j is no ledger, and is not repeated',
  text => {
    const [problem] = problems({ env: { LEVEE_MYSQL_URL: text } })
    expect(problem).toMatch(/^LEVEE_MYSQL_URL must be a URL/)
    expect(problem).not.toContain('hunter2')
  },
)

test('names that objects have anyway are no settings', () => {
  expect(problems({ overrides: { constructor: 1 } })).toEqual(['constructor is no setting'])
  write('{"__proto__": {"port": 1}, "toString": 2}')
  expect(problems({})).toHaveLength(2)
})

test.each([
  ['{', /is not JSON/],
  ['[]', /one JSON object/],
])('a file holding %s is refused', (text, problem) => {
  write(text)
  expect(problems({})).toEqual([expect.stringMatching(problem)])
})

test('a file that was named must exist', () => {
  expect(problems({ file: 'absent.json' })).toEqual([expect.stringMatching(/absent\.json cannot be read/)])
})

test.each(Object.entries<Setting<unknown>>(settings))('%s is a sound row', (key, setting) => {
  expect(setting.type.check(setting.default)).toEqual({ value: setting.default })
  expect(setting.description).toMatch(/\.$/)
  const usual =
    `LEVEE_${key.replace(/[A-Z]/g, letter => `_${letter}`).replaceAll(/[.-]/g, '_')}`.toUpperCase()
  expect([usual, 'LEVEE_MYSQL_URL']).toContain(setting.env)
  expect(Object.values(settings).filter(other => other.env === setting.env)).toHaveLength(1)
})

test('a time zone must exist', () => {
  expect(problems({ env: { LEVEE_SHOP_TIME_ZONE: 'Europe/Lodnon' } })).toHaveLength(1)
  expect(load({ env: { LEVEE_SHOP_TIME_ZONE: 'Asia/Seoul' } })['shop.timeZone']).toBe('Asia/Seoul')
})

test('a switch is true, false, 1 or 0', () => {
  expect(['true', '1', 'false', '0', 'yes'].map(text => bool.check(bool.fromText(text)))).toEqual([
    { value: true },
    { value: true },
    { value: false },
    { value: false },
    { problem: 'must be true or false' },
  ])
})

test('one of several is exactly one of them', () => {
  expect(oneOf('a', 'b').check('a')).toEqual({ value: 'a' })
  expect(oneOf('a', 'b').check('A')).toEqual({ problem: 'must be one of a, b' })
})
