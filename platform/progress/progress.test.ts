import { expect, test } from 'vitest'
import { formatBar, formatDuration, formatLine, type ProgressState } from './format-progress.ts'
import { createProgress } from './progress.ts'

const state: ProgressState = { label: 'import', done: 1204, total: 39529, unit: 'lines', rate: 812 }

test('a line gives count, total, share, rate and time left', () => {
  expect(formatLine(state)).toBe('import   1,204/39,529 lines    3%  812/s  48s left')
})

test('without a total there is neither share nor time left', () => {
  expect(formatLine({ ...state, total: null })).toBe('import  1,204 lines  812/s')
})

test('100% is said only when all is done, and then nothing is left', () => {
  expect(formatLine({ ...state, done: 39528 })).toContain(' 99%')
  expect(formatLine({ ...state, done: 39529 })).toBe('import  39,529/39,529 lines  100%  812/s')
})

test('a standstill promises no time', () => {
  expect(formatLine({ ...state, rate: 0 })).not.toContain('left')
})

test('a bar fills with the work and never wraps', () => {
  expect(formatBar({ ...state, done: 0 }, 120)).toContain('░'.repeat(24))
  expect(formatBar({ ...state, done: 39529 }, 120)).toContain('█'.repeat(24))
  expect(formatBar({ ...state, done: 50_000 }, 120)).toContain('█'.repeat(24))
  expect(formatBar(state, 30)).toHaveLength(30)
})

test('nothing to do is complete', () => {
  expect(formatLine({ ...state, done: 0, total: 0, rate: null })).toBe('import  0/0 lines  100%')
})

test.each([
  [0.2, '1s'],
  [59, '59s'],
  [200, '3m 20s'],
  [7500, '2h 05m'],
])('%d seconds read %s', (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text)
})

function screen(isTTY: boolean) {
  const written: string[] = []
  let time = 0
  const stream = { isTTY, columns: 100, write: (text: string) => written.push(text) }
  return { written, stream, now: () => time, pass: (ms: number) => (time += ms) }
}

test('a terminal is redrawn at most ten times a second, a log gets a line every five seconds', () => {
  for (const [isTTY, drawings] of [
    [true, 100],
    [false, 2],
  ] as const) {
    const { written, stream, now, pass } = screen(isTTY)
    const progress = createProgress({ label: 'replay', total: 10_000, unit: 'orders', stream, now })
    for (let done = 1; done <= 10_000; done++) {
      pass(1)
      progress.update(done)
    }
    expect(written).toHaveLength(drawings)
  }
})

test('the rate is that of the last seconds; work done before a restart does not count', () => {
  const { written, stream, now, pass } = screen(false)
  const progress = createProgress({ label: 'replay', total: 3000, done: 1000, unit: 'orders', stream, now })
  pass(20_000)
  progress.update(1000)
  pass(10_000)
  progress.update(1500)
  expect(written.at(-1)).toBe('replay  1,500/3,000 orders   50%  50/s  30s left\n')
  progress.finish('interrupted')
  expect(written.at(-1)).toBe('replay  1,500/3,000 orders   50%  17/s  1m 30s left  in 30s  interrupted\n')
})

test('silent writes nothing', () => {
  const { written, stream, now } = screen(true)
  const progress = createProgress({ label: 'bench', unit: 'rows', silent: true, stream, now })
  progress.update(1)
  progress.finish()
  expect(written).toEqual([])
})
