import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { selectLines, tailLog } from './log-tail.ts'
import { logTime } from './parse-log-time.ts'

const never = new AbortController().signal
const folder = mkdtempSync(path.join(tmpdir(), 'levee-tail-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('when a line was written', () => {
  const utc = Date.UTC(2026, 0, 31, 10, 0, 0, 123)
  const local = new Date(2026, 0, 31, 10, 0, 0, 123).getTime()
  test.each([
    ['our own', '{"level":"warn","time":"2026-01-31T10:00:00.123Z","msg":"x"}', utc],
    ['JSON in ms', `{"time":${utc},"msg":"x"}`, utc],
    ['MySQL', '2026-01-31T10:00:00.123456Z 0 [System] ready', utc],
    ['with a zone', '2026-01-31T12:30:00.123+02:30 x', utc],
    ['MariaDB', '2026-01-31 10:00:00 0 [Note] ready', local - 123],
    ['MariaDB before ten', '2026-01-31  9:00:00 0 [Note] ready', local - 123 - 3_600_000],
    ['Kafka', '[2026-01-31 10:00:00,123] WARN x', local],
    ['Kafka without brackets', '2026-01-31 10:00:00,123 WARN x', local],
    ['Redis', '812:M 31 Jan 2026 10:00:00.123 * Ready to accept connections', local],
    ['none', '\tat org.apache.kafka.Server', null],
    ['no month', '812:M 31 Foo 2026 10:00:00.123 * x', null],
    ['no time of day', '2026-01-31 99:00:00 x', null],
    ['no time in JSON', '{"time":"yesterday"}', null],
  ])('%s', (_who, line, time) => {
    expect(logTime(line)).toBe(time)
  })

  test('no text breaks it', () => {
    fc.assert(
      fc.property(fc.string(), text => {
        const time = logTime(text)
        expect(time === null || Number.isFinite(time)).toBe(true)
      }),
    )
  })
})

const START = Date.UTC(2026, 0, 31, 10)
const line = (i: number): string => `${new Date(START + i * 1_000).toISOString()} line ${i}`
const texts = (found: { lines: readonly { text: string }[] }) => found.lines.map(({ text }) => text.slice(25))

describe('lines', () => {
  const text = Array.from({ length: 200 }, (_, i) => line(i)).join('\n')

  test('around a moment, with what belongs to them', () => {
    const trace = [line(9), line(10), '\tat somewhere', line(11), line(50)].join('\n')
    const found = selectLines(trace, false, { around: START + 10_000, span: 500 })
    expect(found.lines.map(({ text }) => text)).toEqual([line(10), '\tat somewhere'])
    expect(found).toMatchObject({ cut: false, lines: [{ at: START + 10_000 }, { at: START + 10_000 }] })
  })

  test('the nearest ones where there are too many', () => {
    const found = selectLines(text, false, { around: START + 100_000, lines: 4 })
    expect(texts(found)).toEqual(['line 99', 'line 100', 'line 101', 'line 102'])
    expect(found.cut).toBe(true)
  })

  test('the last ones where no moment is named', () => {
    expect(texts(selectLines(text, false, { lines: 2 }))).toEqual(['line 198', 'line 199'])
  })

  test('it is said that more may have been before what was read', () => {
    const around = START + 10_000
    expect(selectLines(text, true, { around, span: 1_000 }).cut).toBe(false)
    expect(selectLines(text, true, { around, span: 20_000 }).cut).toBe(true)
    expect(selectLines('no time at all', true, { around }).cut).toBe(true)
  })

  test('never more than were asked for, in the order of the file', () => {
    const numbers = fc.array(fc.nat(400), { maxLength: 60 }).map(all => all.sort((a, b) => a - b))
    fc.assert(
      fc.property(numbers, fc.nat(400), fc.integer({ min: 1, max: 20 }), (all, around, lines) => {
        const options = { around: START + around * 1_000, lines }
        const found = selectLines(all.map(line).join('\n'), false, options).lines
        expect(found.length).toBeLessThanOrEqual(lines)
        for (const [i, each] of found.entries()) expect(each.at).toBeGreaterThanOrEqual(found[i - 1]?.at ?? 0)
      }),
    )
  })
})

describe('a file', () => {
  const file = path.join(folder, 'engine.txt')

  test('is read from its end, whole lines only, without secrets', async () => {
    writeFileSync(file, `${'x'.repeat(100_000)}\n${line(1)} requirepass sesame\n`)
    appendFileSync(file, `${line(2)} said open-sesame\n`)
    const found = await tailLog({ file, bytes: 1_000, secrets: ['open-sesame'] }, never)
    expect(texts(found)).toEqual(['line 1 requirepass [redacted]', 'line 2 said [redacted]'])
    expect(found.cut).toBe(true)
  })

  test('that is not there is gone; an empty one has no lines', async () => {
    await expect(tailLog({ file: path.join(folder, 'none') }, never)).rejects.toMatchObject({ kind: 'gone' })
    writeFileSync(file, '')
    expect(await tailLog({ file }, never)).toEqual({ lines: [], cut: false })
  })
})
