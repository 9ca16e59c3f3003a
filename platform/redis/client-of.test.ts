import { expect, it } from 'vitest'
import { clientOf } from './client-of.ts'

const of = (protocol: 2 | 3, port = 6379) =>
  clientOf({
    ...{ url: `redis://:secret@127.0.0.1:${port}`, protocol, ca: undefined },
    ...{ connectTimeout: 100, queueMost: 10 },
  })

it('makes each client by itself, and works out a kind once, whatever other kinds are made between', () => {
  const [first, , again] = [of(2), of(3), of(2)]
  expect(again).not.toBe(first)
  // The library makes a class of each configuration: the same one, so it was not made again.
  expect(again.constructor).toBe(first.constructor)
  expect(again.options?.url).toBe(first.options?.url)
  expect(of(2, 6380).options?.url).toContain('6380')
})
