import { Command } from 'commander'
import { expect, test } from 'vitest'
import { type ConfigOptions, configOf, withConfigOptions } from './config-options.ts'

function parse(...args: string[]): ConfigOptions {
  const command = withConfigOptions(new Command())
    .exitOverride()
    .configureOutput({ writeErr() {} })
  return command.parse(args, { from: 'user' }).opts<ConfigOptions>()
}

test('--set may be repeated, and values may hold an equals sign', () => {
  expect(parse('--set', 'http.port=9000', '--set', 'mail.from=a=b@c').set).toEqual({
    'http.port': '9000',
    'mail.from': 'a=b@c',
  })
})

test.each(['http.port', '=9000'])('--set %s is refused', text => {
  expect(() => parse('--set', text)).toThrow(/key=value/)
})

test("the command's own options win over --set, where they are given", async () => {
  const options = parse('--set', 'http.port=9000', '--set', 'http.host=0.0.0.0')
  const config = await configOf(options, { 'http.port': 9001, 'http.host': undefined })
  expect(config['http.port']).toBe(9001)
  expect(config['http.host']).toBe('0.0.0.0')
})

test('a wrong setting is a wrong configuration', async () => {
  await expect(configOf({ set: { 'http.prot': '1' } })).rejects.toThrow(/did you mean http\.port/)
})
