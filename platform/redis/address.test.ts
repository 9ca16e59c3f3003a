import { expect, it, test } from 'vitest'
import { addressOf, authOf, secretsOf, urlOf } from './address.ts'

const kindOf = (url: string) => {
  const address = addressOf(url)
  return (
    address && [
      address.kind,
      address.tls,
      address.nodes.map(({ host, port }) => `${host} ${port}`),
      address.path,
    ]
  )
}

test.each([
  ['redis://127.0.0.1', ['server', false, ['127.0.0.1 6379'], '']],
  ['rediss://u:p@[::1]:7000/3', ['server', true, ['[::1] 7000'], '3']],
  ['redis+sentinel://a:1,b/shop', ['sentinel', false, ['a 1', 'b 26379'], 'shop']],
  ['rediss+sentinel://:p@a:1,b:2,[::2]:3/shop', ['sentinel', true, ['a 1', 'b 2', '[::2] 3'], 'shop']],
  ['redis+cluster://u:p@a:1,b:2', ['cluster', false, ['a 1', 'b 2'], '']],
  ['redis://:with@sign@a:1', ['server', false, ['a 1'], '']],
])('%s', (url, parts) => expect(kindOf(url)).toEqual(parts))

test.each([
  ...['', 'redis://', 'http://a', 'redis://a:0', 'redis://a:65536', 'redis://a,b', 'redis://a/name'],
  ...['redis+sentinel://a:1', 'redis+sentinel://a,,b/shop', 'redis+cluster://a/0', 'redis+other://a'],
  ...['redis://:50%@a', 'redis://a b', 'redis://a?x=1'],
])('not %s', url => expect(addressOf(url)).toBeNull())

it('hands on user, password and transport, and knows what must not be said', () => {
  const address = addressOf('rediss+sentinel://u%40:s%2Ft@a:1/shop')!
  expect(urlOf(address, { host: '10.0.0.1', port: 7 })).toBe('rediss://u%40:s%2Ft@10.0.0.1:7')
  expect(urlOf(address, { host: '::1', port: 7 })).toBe('rediss://u%40:s%2Ft@[::1]:7')
  expect(secretsOf(address)).toEqual(['s%2Ft', 's/t'])
  expect(authOf(address)).toEqual(['u@', 's/t'])
  const none = addressOf('redis://a')!
  expect([secretsOf(none), authOf(none)]).toEqual([[], []])
})
