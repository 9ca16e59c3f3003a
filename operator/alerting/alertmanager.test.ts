import { expect, test } from 'vitest'
import { type AlertmanagerRead, readAlertmanager } from './alertmanager.ts'

/** As Alertmanager's documentation shows it. */
const payload = (alert: Record<string, unknown> = {}, fields: Record<string, unknown> = {}) => ({
  version: '4',
  groupKey: '{}:{alertname="HighLatency"}',
  truncatedAlerts: 0,
  status: 'firing',
  receiver: 'levee',
  groupLabels: { alertname: 'HighLatency' },
  commonLabels: { alertname: 'HighLatency', severity: 'critical' },
  commonAnnotations: {},
  externalURL: 'http://alertmanager.example:9093',
  alerts: [
    {
      status: 'firing',
      labels: { alertname: 'HighLatency', severity: 'critical', instance: 'a:1' },
      annotations: { summary: 'p99 is 2 s' },
      startsAt: '2026-11-23T10:15:00.123Z',
      endsAt: '0001-01-01T00:00:00Z',
      generatorURL: 'http://prometheus.example/graph?g0.expr=up',
      fingerprint: 'a1b2c3d4e5f60718',
      ...alert,
    },
  ],
  ...fields,
})
const read = (body: unknown) => {
  const found = readAlertmanager(body)
  if (!found.ok) throw new Error(found.problems.join())
  return found
}
const problems = (body: unknown) =>
  (readAlertmanager(body) as AlertmanagerRead & { problems?: string[] }).problems

test('a firing alert is a symptom from outside', () => {
  expect(read(payload({}, { truncatedAlerts: 3 }))).toEqual({
    ok: true,
    left: 3,
    symptoms: [
      {
        id: 'a1b2c3d4e5f60718',
        name: 'HighLatency',
        state: 'firing',
        level: 'critical',
        summary: 'p99 is 2 s',
        labels: { alertname: 'HighLatency', severity: 'critical', instance: 'a:1' },
        startedAt: Date.UTC(2026, 10, 23, 10, 15, 0, 123),
        endedAt: null,
        source: 'http://prometheus.example/graph?g0.expr=up',
      },
    ],
  })
})

test('a resolved one has its end', () => {
  const [symptom] = read(payload({ status: 'resolved', endsAt: '2026-11-23T10:20:00Z' })).symptoms
  expect(symptom).toMatchObject({ state: 'resolved', endedAt: Date.UTC(2026, 10, 23, 10, 20) })
})

test.each([
  ['page', 'critical'],
  ['CRITICAL', 'critical'],
  ['emergency', 'emergency'],
  ['info', 'warning'],
  [undefined, 'warning'],
])('severity %s is %s', (severity, level) => {
  const labels = severity === undefined ? { alertname: 'A' } : { alertname: 'A', severity }
  expect(read(payload({ labels })).symptoms[0]!.level).toBe(level)
})

test('what it holds is bounded, and a source is a web address or nothing', () => {
  const long = 'x'.repeat(5_000)
  const [symptom] = read(
    payload({ labels: { alertname: long }, annotations: {}, generatorURL: 'javascript:alert(1)' }),
  ).symptoms
  expect(symptom!.name).toHaveLength(1_000)
  expect(symptom!.summary).toHaveLength(1_000)
  expect(symptom!.source).toBeNull()
})

test.each<[string, unknown, RegExp]>([
  ['another version', payload({}, { version: '3' }), /^\/version: /],
  ['no alerts', { ...payload(), alerts: undefined }, /^\/alerts: /],
  ['a number for a label', payload({ labels: { a: 1 } }), /^\/alerts\/0\/labels\/a: /],
  ['no time', payload({ startsAt: 'now' }), /^\/alerts\/0\/startsAt: is no time$/],
  ['a strange fingerprint', payload({ fingerprint: '../x' }), /^\/alerts\/0\/fingerprint: /],
  [
    'a strange status',
    payload({ status: 'pending' }),
    /^\/alerts\/0\/status: must be one of firing, resolved$/,
  ],
  [
    'too many labels',
    payload({ labels: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`l${i}`, ''])) }),
    /more than 64$/,
  ],
  [
    'too many alerts',
    payload({}, { alerts: Array.from({ length: 501 }, () => payload().alerts[0]) }),
    /^\/alerts: /,
  ],
  ['nothing', null, /^\/: /],
  ['a list', [], /^\/: /],
])('%s is refused with its place', (_what, body, expected) => {
  expect(problems(body)).toEqual(expect.arrayContaining([expect.stringMatching(expected)]))
})

test('labels named like parts of objects are labels', () => {
  const labels = JSON.parse('{"alertname":"A","__proto__":"x","constructor":"y"}') as Record<string, string>
  const { labels: kept } = read(payload({ labels })).symptoms[0]!
  expect(Object.entries(kept)).toContainEqual(['__proto__', 'x'])
  expect(Object.getPrototypeOf(kept)).toBe(Object.prototype)
})
