import fc from 'fast-check'
import { Counter, Gauge, Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { parsePrometheus, samplesOf, sampleValue } from './parse-prometheus.ts'

test('samples with and without labels, with times, comments and all kinds of numbers', () => {
  const text = [
    '# HELP a words',
    '# TYPE a counter',
    'a 1',
    'a:b{} 2.5e3 1700000000000',
    'c { x = "1" , y="a\\"b\\\\c\\nd", } +Inf',
    'c{x="2"}\t-Inf',
    'd NaN',
    '',
  ].join('\r\n')
  const { samples, ignored } = parsePrometheus(text)
  expect(ignored).toBe(0)
  expect(samples.map(({ name, labels, value }) => [name, { ...labels }, value])).toEqual([
    ['a', {}, 1],
    ['a:b', {}, 2500],
    ['c', { x: '1', y: 'a"b\\c\nd' }, Number.POSITIVE_INFINITY],
    ['c', { x: '2' }, Number.NEGATIVE_INFINITY],
  ])
  expect(sampleValue(samples, 'c', { x: '2' })).toBe(Number.NEGATIVE_INFINITY)
  expect(samplesOf(samples, 'c')).toHaveLength(2)
  // Two of them are no one value, and none is no zero.
  expect(sampleValue(samples, 'c')).toBeNull()
  expect(sampleValue(samples, 'd')).toBeNull()
})

test.each([
  'a',
  'a{',
  'a{x=1} 1',
  'a{x="1} 1',
  '1a 1',
  'a one',
  'a 1 2 3',
  'a 1 x',
  '<html>',
  'a{x="1"y="2"} 1',
  '{} 1',
])('%j is counted as ignored', line => {
  expect(parsePrometheus(`${line}\nb 1`)).toMatchObject({ ignored: 1, samples: [{ name: 'b' }] })
})

test('no more than so many are read, and the rest is counted', () => {
  expect(parsePrometheus('a 1\nb 1\nc 1\n', 2)).toMatchObject({ ignored: 1, samples: [{}, {}] })
})

test('what the client library of the shop writes is read back', async () => {
  const value = fc.double({ noNaN: true })
  const series = fc.uniqueArray(fc.tuple(fc.string(), value), { selector: ([label]) => label, maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(series, async written => {
      const registry = new Registry()
      const gauge = new Gauge({ name: 'g', help: 'a "gauge"\n', labelNames: ['l'], registers: [registry] })
      const counter = new Counter({ name: 'c_total', help: 'c', registers: [registry] })
      counter.inc(3)
      for (const [label, number] of written) gauge.set({ l: label }, number)
      const { samples, ignored } = parsePrometheus(await registry.metrics())
      expect(ignored).toBe(0)
      expect(sampleValue(samples, 'c_total')).toBe(3)
      for (const [label, number] of written)
        expect(sampleValue(samples, 'g', { l: label })).toBeCloseTo(number)
      expect(samplesOf(samples, 'g')).toHaveLength(written.length)
    }),
    { numRuns: 50 },
  )
})

test('no text breaks it', () => {
  fc.assert(
    fc.property(fc.string(), text => {
      for (const { value } of parsePrometheus(text).samples) expect(value).not.toBeNaN()
    }),
  )
})
