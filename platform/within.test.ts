import { expect, test } from 'vitest'
import { OverTime, onAbort, within } from './within.ts'

const never = new AbortController().signal

test('what ends in time is handed on, be it a value or an error', async () => {
  expect(await within(1_000, never, async () => 3)).toBe(3)
  await expect(within(1_000, never, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
})

test('what hangs is given up when its time is over, and told so', async () => {
  let told = false
  const hanging = within(20, never, signal => {
    onAbort(signal, () => (told = true))
    return new Promise<never>(() => undefined)
  })
  await expect(hanging).rejects.toThrow(OverTime)
  expect(told).toBe(true)
})

test('whoever asked may give up first; what he had given up before is not begun', async () => {
  const asker = new AbortController()
  const hanging = within(60_000, asker.signal, () => new Promise<never>(() => undefined))
  asker.abort(new Error('not wanted any more'))
  await expect(hanging).rejects.toThrow('not wanted any more')
  let begun = false
  const late = within(60_000, asker.signal, async () => {
    begun = true
  })
  await expect(late).rejects.toThrow('not wanted any more')
  expect(begun).toBe(false)
})
