import { expect, it } from 'vitest'
import { shownTime } from '../shown-time.ts'
import type { Fact, FactKind, StoredIncident } from './incident-store.ts'
import { draftReport } from './report.ts'
import { reportHtml } from './report-html.ts'
import { reportMarkdown } from './report-markdown.ts'
import { shownDuration } from './report-words.ts'

/** 2026-11-27 12:00:00 UTC. */
const T = Date.UTC(2026, 10, 27, 12)
const S = 1_000

const incident: StoredIncident = {
  ...{ number: 7, key: 'redis-down', level: 'critical', state: 'resolved', since: T, openedAt: T + S },
  ...{ quietSince: T + 75 * S, endedAt: T + 75 * S, symptoms: ['redis-up', 'D4'], mergedInto: null },
  ...{ acknowledgedAt: null, acknowledgedBy: null },
}
let seq = 0
const fact = (kind: FactKind, at: number, of: Fact['fact']): Fact => ({
  seq: ++seq,
  incident: 7,
  kind,
  at,
  fact: of,
})
const diagnosed = (...ids: readonly string[]) => ({
  ...{ key: 'redis-down', level: 'critical', against: [], confidence: 0.7 + 0.1 * ids.length },
  symptoms: ids.map(id => ({ id, since: T, value: 0, labels: {} })),
})
const step = (id: string, what: string, evidence: string) => ({
  playbook: 'redis-down',
  step: id,
  what,
  evidence,
})
const facts = [
  fact('opened', T + S, diagnosed('redis-up')),
  fact('action', T + 2 * S, step('ping', 'not yet', 'ECONNREFUSED')),
  fact('changed', T + 5 * S, diagnosed('redis-up', 'D4')),
  fact('action', T + 10 * S, step('restart', 'helped', 'process 4711; then: PONG')),
  fact('note', T + 20 * S, { who: 'dba', text: 'the log shows OOM' }),
  fact('recovering', T + 75 * S, {}),
  fact('impact', T + 85 * S, {
    ...{ requests: 1_200, failed: 3, ordersNotPlaced: 1, paymentsNotMade: 0, claimsNotTaken: 2 },
  }),
  fact('resolved', T + 85 * S, {}),
]

it('has every field of the manual’s form, from facts alone', () => {
  expect(draftReport(incident, facts)).toMatchObject({
    ...{ number: 7, start: T, end: T + 75 * S, kind: 'system', level: 'critical' },
    confidence: expect.closeTo(0.9),
    symptoms: [{ id: 'redis-up' }, { id: 'D4' }],
    steps: [{ outcome: 'not yet' }, { outcome: 'helped' }],
    notes: [{ who: 'dba', text: 'the log shows OOM' }],
    impact: { failed: 3 },
  })
})

it('proposes by rule from what happened', () => {
  const proposed = (more: Partial<StoredIncident>, of = facts) =>
    draftReport({ ...incident, ...more }, of).improvements.map(({ en }) => en.split(':')[0])
  expect(proposed({})).toEqual([
    'Redis does not answer',
    'It lasted longer than a minute',
    'Nobody acknowledged it',
  ])
  expect(
    proposed({ key: 'unknown:D4', acknowledgedAt: T, openedAt: T + 60 * S, endedAt: T + 61 * S }),
  ).toEqual([
    ...['Nobody knows the cause yet', 'It', 'It was noticed late', 'It lasted longer than a minute'],
  ])
  const vain = [
    fact('action', T, step('restart', 'in vain', '')),
    fact('action', T, step('x', 'refused', '')),
  ]
  expect(proposed({ acknowledgedAt: T, endedAt: T + S }, vain)).toEqual([
    'A step of the playbook did not help',
    'The operator was not allowed to act, or had no lever',
  ])
})

it('is written in English', () => {
  const text = reportMarkdown(draftReport(incident, facts), { language: 'en', timeZone: 'Asia/Seoul' })
  for (const part of [
    '# Incident report #7: Redis does not answer',
    '| **Start** | 2026-11-27 21:00:00 (Asia/Seoul) |',
    '| **Duration** | 1 min 15 s |',
    '| **Kind** | System |',
    '| **Grade** | Critical |',
    'Of 1200 requests while it lasted, 3 failed: 1 orders were not placed, 0 payments not made, 2 coupon claims not taken.',
    'Redis does not answer (confidence 90 %). Evidence: Redis answering. What follows from it: Cache hit ratio.',
    '- 2026-11-27 21:00:10 Redis is started again: **helped** (process 4711; then: PONG)',
    '- 2026-11-27 21:00:20 dba: the log shows OOM',
  ])
    expect(text).toContain(part)
})

it('is written in Korean', () => {
  const text = reportMarkdown(draftReport(incident, facts), { language: 'ko', timeZone: 'Asia/Seoul' })
  for (const part of [
    '# 장애 보고서 #7: Redis 무응답',
    '| **발생 일시** | 2026-11-27 21:00:00 (Asia/Seoul) |',
    '| **지속 시간** | 1분 15초 |',
    '| **장애 등급** | Critical (심각) |',
    '- 2026-11-27 21:00:10 Redis를 재시작합니다: **조치 성공** (process 4711; then: PONG)',
    '장애 시간 동안 요청 1200건 중 3건이 실패했습니다.',
  ])
    expect(text).toContain(part)
  expect(text).not.toMatch(/undefined|null/)
})

it('says what is not known, and what goes on', () => {
  const going = { ...incident, key: 'unknown:D4', endedAt: null, quietSince: null, state: 'open' } as const
  const text = reportMarkdown(draftReport(going, []), { language: 'en', timeZone: 'UTC' })
  expect(text).toContain('| **End** | goes on |')
  expect(text).toContain('| **Kind** | not known |')
  expect(text).toContain('The numbers were not counted.')
})

it('tells times as the manual wants them', () => {
  expect(shownTime(Date.UTC(2026, 0, 1, 0, 0, 5), 'UTC')).toBe('2026-01-01 00:00:05')
  expect(shownDuration(3_661_400, 'ko')).toBe('61분 1초')
})

it('is one page that needs nothing else, and says what people wrote without becoming it', () => {
  const evil = fact('note', T + 21 * S, { who: '<b>', text: '"><script>alert(1)</script>' })
  const drafted = draftReport(incident, [...facts, evil])
  for (const language of ['en', 'ko'] as const) {
    const page = reportHtml(drafted, { language, timeZone: 'Asia/Seoul' })
    expect(page).toContain(`<html lang="${language}">`)
    expect(page).toContain('<svg')
    expect(page).not.toMatch(/<script|src=|href=|undefined/)
    expect(page).toContain('&lt;script&gt;')
    expect(page).toContain('<strong>')
  }
})
