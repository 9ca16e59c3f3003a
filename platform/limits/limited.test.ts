import { expect, it } from 'vitest'
import { limited, Overloaded } from './limited.ts'

const bounds = { least: 1, first: 4, most: 16 }

/** Work that ends when it is told to. */
function held() {
  const ends: (() => void)[] = []
  return { work: () => new Promise<string>(resolve => ends.push(() => resolve('done'))), ends }
}

it('lets so many at it, as many wait, and tells the rest at once', async () => {
  const { run, status } = limited(bounds)
  const { work, ends } = held()
  const asked = Array.from({ length: 20 }, () => run(work).then(String, (error: Error) => error))
  await Promise.resolve()
  expect(ends).toHaveLength(4)
  for (let ended = 0; ended < 8; ended++) {
    await expect.poll(() => ends.length).toBeGreaterThan(ended)
    ends[ended]!()
  }
  const heard = await Promise.all(asked)
  expect(heard.filter(each => each === 'done')).toHaveLength(8)
  expect(heard.filter(each => each instanceof Overloaded)).toHaveLength(12)
  expect(status.underWay).toBe(0)
})

it('tells whoever waits too long, and gives back the turn of what failed', async () => {
  const limit = limited({ least: 1, first: 1, most: 1 })
  const { work, ends } = held()
  const first = limit.run(work)
  await expect(limit.run(work)).rejects.toBeInstanceOf(Overloaded)
  ends[0]!()
  await expect(first).resolves.toBe('done')
  await expect(limit.run(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
  await expect(limit.run(async () => 'well')).resolves.toBe('well')
  expect(limit.status).toEqual({ underWay: 0, waiting: 0, most: 1 })
})
