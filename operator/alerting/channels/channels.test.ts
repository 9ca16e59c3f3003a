// Every channel against a service that is right and against each that is not.

import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ADMIN, LEAD, MONDAY, tellingOf } from '../../../tests/support/alerts.ts'
import { Receivers } from '../../../tests/support/receivers/all.ts'
import { ROUTING_KEY } from '../../../tests/support/receivers/pagerduty.ts'
import type { Manner } from '../../../tests/support/receivers/receiver.ts'
import { SLACK_PATH } from '../../../tests/support/receivers/slack.ts'
import { AUTH_TOKEN } from '../../../tests/support/receivers/twilio.ts'
import { WEBHOOK_SECRET } from '../../../tests/support/receivers/webhook.ts'
import { everyone } from '../contacts.ts'
import type { ChannelName } from '../routes.ts'
import type { Channel, Outcome, Telling } from './channel.ts'

const HTTP: readonly ChannelName[] = ['slack', 'pagerduty', 'sms', 'call', 'webhook']
const ALL: readonly ChannelName[] = [...HTTP, 'email']
/** Longest time for one call here, ms: a receiver on this machine answers in a few. */
const MOST = 2_000
/** Of those that hang. */
const SHORT = 150

let receivers: Receivers
let channels: Map<ChannelName, Channel>
beforeEach(async () => {
  receivers = await new Receivers().open()
  channels = receivers.channels(MOST)
})
afterEach(() => receivers.close())

const contactFor = (channel: ChannelName) =>
  channel === 'slack' || channel === 'pagerduty' || channel === 'webhook' ? everyone('ko') : ADMIN
const deliver = (
  channel: ChannelName,
  telling: Partial<Telling> = {},
  contact = contactFor(channel),
  signal = new AbortController().signal,
) => channels.get(channel)!.deliver(tellingOf(telling), contact, signal)

function behave(manner: Manner): void {
  for (const receiver of [receivers.slack, receivers.pagerduty, receivers.twilio, receivers.webhook])
    receiver.manner = manner
}
const SECRETS: Readonly<Record<ChannelName, readonly string[]>> = {
  slack: [SLACK_PATH, ...SLACK_PATH.split('/').slice(2)],
  pagerduty: [ROUTING_KEY],
  sms: [AUTH_TOKEN],
  call: [AUTH_TOKEN],
  webhook: [WEBHOOK_SECRET, 'secret-place', 'hidden-word'],
  email: [],
}
const showsNoSecret = (channel: ChannelName, shown: unknown): void => {
  const text = `${inspect(shown, { depth: 9 })} ${JSON.stringify(shown)}`
  for (const secret of SECRETS[channel]) expect(text).not.toContain(secret)
}

describe.each(ALL)('%s', channel => {
  test('delivers what the service takes, in every kind, level and language, as a repeat too', async () => {
    for (const language of ['ko', 'en'] as const)
      for (const again of [false, true])
        for (const kind of [
          'opened',
          'updated',
          'escalated',
          'reminder',
          'acknowledged',
          'resolved',
        ] as const)
          for (const level of ['warning', 'critical', 'emergency'] as const) {
            const telling = { kind, level, again, mentions: ['U012AB3CD'] }
            const outcome = await deliver(channel, telling, { ...contactFor(channel), language })
            expect(outcome).toEqual({ is: 'delivered' })
          }
    expect(receivers.violations).toEqual([])
  })

  test('delivers what is long, empty or full of marks', async () => {
    const nasty = `<!channel> & "quotes" 'x' <a href="//b">|é한😀\u0000`
    for (const text of [
      nasty.repeat(200),
      nasty,
      '',
      '&'.repeat(3_000),
      '😀'.repeat(2_000),
      '.\r\n.\r\n..',
    ]) {
      const { title: _, ...rest } = tellingOf()
      const texts = { ko: text, en: text }
      // As `bounded` leaves a title.
      const title = { ko: nasty.replace('\u0000', ''), en: 'x'.repeat(120) }
      const facts = Array.from({ length: 20 }, () => ({ label: texts, value: texts }))
      expect(await deliver(channel, { ...rest, title, text: texts, facts })).toEqual({ is: 'delivered' })
    }
    expect(receivers.violations).toEqual([])
  })

  test('says later when nobody listens, and that nothing arrived', async () => {
    await receivers.close()
    const outcome = await deliver(channel)
    expect(outcome).toMatchObject({ is: 'later', after: null })
    if (channel !== 'email') expect(outcome).toMatchObject({ mayHaveArrived: false })
    showsNoSecret(channel, outcome)
  })

  test('gives up when it is told to', async () => {
    behave('hang')
    receivers.smtp.manners.greeting = 'hang'
    const control = new AbortController()
    const asked = deliver(channel, {}, contactFor(channel), control.signal)
    control.abort()
    expect(await asked).toMatchObject({ is: 'later', why: expect.stringContaining('given up') })
    expect(await deliver(channel, {}, contactFor(channel), control.signal)).toMatchObject({ is: 'later' })
  })
})

describe.each(HTTP)('%s over HTTP', channel => {
  const when = async (manner: Manner): Promise<Outcome> => {
    behave(manner)
    const outcome = await deliver(channel)
    showsNoSecret(channel, outcome)
    return outcome
  }

  test('too many: later, when the service says, all of it', async () => {
    expect(await when({ status: 429, headers: { 'retry-after': '7' } })).toMatchObject({
      is: 'later',
      after: 7_000,
      mayHaveArrived: false,
      all: true,
    })
    expect(await when({ status: 429 })).toMatchObject({ is: 'later', after: null, all: true })
    const date = new Date(Date.now() + 60_000).toUTCString()
    const { after } = (await when({ status: 429, headers: { 'retry-after': date } })) as { after: number }
    expect(after).toBeGreaterThan(55_000)
    expect(after).toBeLessThanOrEqual(60_000)
    expect(await when({ status: 429, headers: { 'retry-after': 'soon' } })).toMatchObject({ after: null })
    expect(await when({ status: 429, headers: { 'retry-after': '99999999' } })).toMatchObject({
      after: 3_600_000,
    })
  })

  test('trouble of the service: later', async () => {
    expect(await when({ status: 500, body: 'oh' })).toMatchObject({ is: 'later', why: 'answered 500: oh' })
    expect(await when({ status: 500 })).toMatchObject({ mayHaveArrived: true, all: false })
    expect(await when({ status: 503, headers: { 'retry-after': '3' } })).toMatchObject({
      after: 3_000,
      all: true,
    })
    expect(await when({ status: 503 })).toMatchObject({ mayHaveArrived: false })
  })

  test.each([400, 401, 403, 404, 410, 413, 302])('%d: never', async status => {
    expect(await when({ status, headers: { location: 'http://127.0.0.1:1/' } })).toMatchObject({
      is: 'refused',
    })
  })

  test('breaks off: later, and it may have arrived', async () => {
    expect(await when('cut')).toMatchObject({ is: 'later', mayHaveArrived: true })
  })

  test('hangs: later, in time, and it may have arrived', async () => {
    channels = receivers.channels(SHORT)
    expect(await when('hang')).toMatchObject({
      is: 'later',
      mayHaveArrived: true,
      why: expect.stringContaining(`no answer within ${SHORT} ms`),
    })
  })

  test('answers without end: its status counts', async () => {
    expect(await when({ status: 500, body: 'x'.repeat(1_000_000) })).toMatchObject({ is: 'later' })
  })

  test('repeats a secret in its answer: it is not passed on', async () => {
    for (const secret of SECRETS[channel])
      expect(await when({ status: 400, body: `no: ${secret}` })).toMatchObject({ is: 'refused' })
  })
})

describe('slack', () => {
  test('shows the text, facts, mentions and links, and nothing that poses as its marks', async () => {
    const title = { ko: '<!channel> 주의', en: '' }
    await deliver('slack', { mentions: ['U012AB3CD'], title, again: true })
    const shown = JSON.stringify(receivers.slack.taken[0])
    expect(shown).toContain('&lt;!channel&gt; 주의')
    expect(shown).toContain('<@U012AB3CD>')
    expect(shown).toContain('<https://operator.example.com/incidents/7?a=1&amp;b=2|자세히 보기>')
    expect(shown).toContain('재전송')
    expect(shown).toContain('2026-11-23 19:15:00 (Asia/Seoul)')
    expect(shown).toContain('*대상*')
  })
})

describe('pagerduty', () => {
  test('has one incident for one key: opened, changed, acknowledged, over', async () => {
    const { incidents } = receivers.pagerduty
    await deliver('pagerduty', { kind: 'opened' })
    await deliver('pagerduty', { kind: 'updated', id: 'm-2' })
    expect([...incidents]).toEqual([['redis:down', 'triggered']])
    await deliver('pagerduty', { kind: 'acknowledged', id: 'm-3' })
    await deliver('pagerduty', { kind: 'reminder', id: 'm-4' })
    expect([...incidents]).toEqual([['redis:down', 'acknowledged']])
    await deliver('pagerduty', { kind: 'resolved', id: 'm-5' })
    expect([...incidents]).toEqual([['redis:down', 'resolved']])
  })

  test('has a key of at most 255 characters, and different ones for different long keys', async () => {
    const long = 'k'.repeat(300)
    await deliver('pagerduty', { key: long })
    await deliver('pagerduty', { key: `${long}2` })
    await deliver('pagerduty', { key: long, kind: 'resolved' })
    expect([...receivers.pagerduty.incidents.values()]).toEqual(['resolved', 'triggered'])
  })
})

describe('twilio', () => {
  const confirm = {
    action: 'acknowledge' as const,
    label: { ko: '확인', en: 'Acknowledge' },
    url: 'https://operator.example.com/alerts/a.b?x=1&y="2"',
  }

  test('a message says it in the reader’s language, with the whole link at its end', async () => {
    await deliver('sms', { links: [confirm], text: { ko: '가'.repeat(1_000), en: '' } })
    await deliver('sms', { links: [confirm] }, LEAD)
    const [korean, english] = receivers.twilio.taken
    expect(korean).toMatchObject({
      to: '+821012345678',
      body: expect.stringMatching(/^\[심각\] 장애 발생: Redis/),
    })
    expect(korean!.body.endsWith(`…\n${confirm.url}`)).toBe(true)
    expect(english).toMatchObject({
      to: '+821034567890',
      body: expect.stringMatching(/^\[Critical\] Opened: Redis does not answer/),
    })
  })

  test('what is over asks for no acknowledgement', async () => {
    await deliver('sms', { links: [confirm], kind: 'resolved' })
    expect(receivers.twilio.taken[0]!.body).not.toContain(confirm.url)
  })

  test('a call speaks the reader’s language and asks for a key at the signed link', async () => {
    await deliver('call', { links: [confirm] })
    await deliver('call', { links: [confirm] }, LEAD)
    const [korean = '', english = ''] = receivers.twilio.taken.map(({ twiml }) => twiml)
    expect(korean).toContain('<Say language="ko-KR" loop="2">')
    expect(korean).toContain('1번을 눌러')
    expect(korean).toContain('action="https://operator.example.com/alerts/a.b?x=1&amp;y=&quot;2&quot;"')
    expect(english).toContain('<Say language="en-US" loop="2">')
    expect(english).toContain('press 1')
  })

  test('a call with a link that does not fit is made without it', async () => {
    const url = `https://operator.example.com/${'a'.repeat(3_990)}`
    expect(await deliver('call', { links: [{ ...confirm, url }] })).toEqual({ is: 'delivered' })
    expect(receivers.twilio.taken[0]!.twiml).not.toContain('Gather')
  })

  test.each(['failed', 'undelivered'])('%s at once is refused', async status => {
    receivers.twilio.status = status
    expect(await deliver('sms')).toMatchObject({ is: 'refused' })
  })

  test.each(['<html>', '{}', 'null', '[]'])(
    'an answer that is none is not taken for delivered: %s',
    async body => {
      behave({ status: 201, body })
      expect(await deliver('sms')).toMatchObject({ is: 'refused' })
    },
  )

  test('nobody without a phone is called', async () => {
    for (const channel of ['sms', 'call'] as const)
      expect(await deliver(channel, {}, { ...ADMIN, dial: null })).toMatchObject({ is: 'refused' })
  })
})

describe('webhook', () => {
  test('has the same id when it is repeated, and a time of its own attempt', async () => {
    await deliver('webhook')
    await deliver('webhook', { again: true })
    expect(receivers.webhook.taken.map(({ id, type, data }) => [id, type, data.repeated])).toEqual([
      ['m-1', 'incident.opened', false],
      ['m-1', 'incident.opened', true],
    ])
  })

  test('an id that no header takes becomes one that it does', async () => {
    expect(await deliver('webhook', { id: 'm.1 장애' })).toEqual({ is: 'delivered' })
  })

  test('is refused by whoever finds its time wrong', async () => {
    receivers.webhook.clock = () => MONDAY
    expect(await deliver('webhook')).toMatchObject({
      is: 'refused',
      why: expect.stringContaining('out of time'),
    })
  })
})

describe('email', () => {
  test('is one mail with text and HTML in the reader’s language, the same one when it is repeated', async () => {
    await deliver('email')
    await deliver('email', { again: true })
    await deliver('email', {}, LEAD)
    const [first, second, english] = receivers.smtp.mails.map(({ source }) => source)
    const idOf = (source = '') => /^Message-ID: (.*)$/m.exec(source)?.[1]
    expect(idOf(second)).toBe(idOf(first))
    expect(idOf(english)).not.toBe(idOf(first))
    expect(english).toMatch(/^Subject: \[Critical\] Opened: Redis does not answer\r$/m)
    expect(first).toMatch(/^Content-Type: text\/plain; charset=utf-8/m)
    expect(first).toMatch(/^Content-Type: text\/html; charset=utf-8/m)
    expect(receivers.smtp.mails[2]!.plain).toContain('<td>redis-1</td>')
    expect(receivers.smtp.mails[0]!.plain).toContain('판매는 데이터베이스로 계속되고 있습니다.')
    expect(receivers.smtp.mails.map(({ to }) => to)).toEqual([
      ['admin@example.com'],
      ['admin@example.com'],
      ['lead@example.com'],
    ])
  })

  test('text cannot become HTML', async () => {
    await deliver('email', { text: { ko: '', en: '<script>x</script>' } }, LEAD)
    expect(receivers.smtp.mails[0]!.plain.split('text/html')[1]).toContain('&lt;script&gt;x')
    expect(receivers.smtp.mails[0]!.plain.split('text/html')[1]).not.toContain('<script>')
  })

  test.each([
    ['RCPT', '550 no such user', 'refused'],
    ['end', '554 no spam', 'refused'],
    ['RCPT', '451 greylisted', 'later'],
    ['end', '452 full', 'later'],
    ['MAIL', '421 busy', 'later'],
    ['greeting', '421 too many', 'later'],
  ] as const)('%s answered with %s is %s', async (verb, line, is) => {
    receivers.smtp.manners[verb] = line
    expect(await deliver('email')).toMatchObject({ is })
    expect(receivers.violations).toEqual([])
  })

  test.each(['greeting', 'EHLO', 'DATA', 'end'] as const)('silence at %s: later, in time', async verb => {
    channels = receivers.channels(SHORT)
    receivers.smtp.manners[verb] = 'hang'
    expect(await deliver('email')).toMatchObject({ is: 'later', mayHaveArrived: true })
  })

  test('a connection that breaks: later, and it may have arrived', async () => {
    receivers.smtp.manners.end = 'cut'
    expect(await deliver('email')).toMatchObject({ is: 'later', mayHaveArrived: true })
  })
})
