import { expect, it } from 'vitest'
import { freePorts } from './ports.ts'

const HOST = '127.0.0.1'

it('finds so many different ones', async () => {
  expect(new Set(await freePorts(HOST, 10)).size).toBe(10)
})

it('gives out none that is kept for somebody who has not started', async () => {
  const all = Array.from({ length: 65_536 }, (_, port) => port)
  await expect(freePorts(HOST, 1, all)).rejects.toThrow('no 1 free ports')
})
