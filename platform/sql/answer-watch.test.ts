import { expect, it } from 'vitest'
import { AnswerWatch } from './answer-watch.ts'
import { trouble } from './errors.ts'

const never = new Promise<never>(() => undefined)

it('tells all who wait when nothing comes, and passes on what comes', async () => {
  let silences = 0
  const watch = new AnswerWatch(20, () => silences++)
  const failing = Promise.reject(new Error('its own'))
  const ends = await Promise.allSettled([
    watch.over(Promise.resolve(7)),
    watch.over(failing),
    watch.over(never),
    watch.over(never),
  ])
  expect(ends.map(end => (end.status === 'fulfilled' ? end.value : (end.reason as Error).message))).toEqual([
    7,
    'its own',
    'no answer for 20 ms',
    'no answer for 20 ms',
  ])
  expect(trouble((ends[2] as PromiseRejectedResult).reason)).toBe('connection')
  expect(silences).toBe(1)
})

it('watches anew after a silence', async () => {
  let silences = 0
  const watch = new AnswerWatch(20, () => silences++)
  await expect(watch.over(never)).rejects.toThrow('no answer')
  await expect(watch.over(never)).rejects.toThrow('no answer')
  expect(silences).toBe(2)
})
