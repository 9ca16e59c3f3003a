import { expect, it } from 'vitest'
import { Outbound } from './outbound.ts'

it('writes after this turn of the loop, in order, and all though one fails', async () => {
  const written: string[] = []
  const errors: unknown[] = []
  const outbound = new Outbound(error => errors.push(error))
  const broken = new Error('broken')
  outbound.add(() => written.push('one'))
  outbound.add(() => {
    throw broken
  })
  outbound.add(() => written.push('three'))
  await Promise.resolve()
  expect(written).toEqual([])
  await new Promise(resolve => setImmediate(resolve))
  expect(written).toEqual(['one', 'three'])
  expect(errors).toEqual([broken])
  outbound.add(() => written.push('four'))
  await new Promise(resolve => setImmediate(resolve))
  expect(written).toEqual(['one', 'three', 'four'])
})
